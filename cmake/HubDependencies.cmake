# What model ids need beside the standard library: libcurl, and libraries for hashes (OpenSSL, libb2).
find_package(CURL 7.85 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_path(libb2_include_dir blake2.h)
find_library(libb2_library b2)
mark_as_advanced(libb2_include_dir libb2_library)
if(NOT libb2_include_dir OR NOT libb2_library)
  message(FATAL_ERROR "libb2 (BLAKE2) was not found. Install libb2-dev, or build without model ids: "
                      "-DINFERENCE_EXP_HUB=OFF.")
endif()
set(INFERENCE_EXP_HUB_LIBRARIES CURL::libcurl OpenSSL::Crypto ${libb2_library})
