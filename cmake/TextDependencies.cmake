# What models that read text need: zlib for the packed vocabulary, utf8proc for what Unicode says of characters.
find_package(ZLIB REQUIRED)
find_path(utf8proc_include_dir utf8proc.h)
find_library(utf8proc_library utf8proc)
mark_as_advanced(utf8proc_include_dir utf8proc_library)
if(NOT utf8proc_include_dir OR NOT utf8proc_library)
  message(FATAL_ERROR "utf8proc was not found. Install libutf8proc-dev, or build without models that read text: "
                      "-DINFERENCE_EXP_TEXT=OFF.")
endif()
set(INFERENCE_EXP_TEXT_LIBRARIES ZLIB::ZLIB ${utf8proc_library})
