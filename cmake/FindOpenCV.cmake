# OpenCV through its own configuration, or through its headers and libraries where there is none: Debian's per-module
# packages (libopencv-core-dev, ...) come without it, and the package that has it pulls in every module.
# Targets are named as OpenCV's configuration names them: opencv_core, opencv_imgproc, ...
find_package(OpenCV CONFIG QUIET COMPONENTS ${OpenCV_FIND_COMPONENTS})
if(OpenCV_FOUND)
  return()
endif()

find_path(OpenCV_INCLUDE_DIR opencv2/core/version.hpp PATH_SUFFIXES opencv4)
mark_as_advanced(OpenCV_INCLUDE_DIR)
set(OpenCV_INCLUDE_DIRS ${OpenCV_INCLUDE_DIR})
set(OpenCV_LIBS)
foreach(component IN LISTS OpenCV_FIND_COMPONENTS)
  find_library(OpenCV_${component}_LIBRARY opencv_${component})
  find_file(OpenCV_${component}_HEADER opencv2/${component}.hpp PATHS ${OpenCV_INCLUDE_DIR} NO_DEFAULT_PATH)
  mark_as_advanced(OpenCV_${component}_LIBRARY OpenCV_${component}_HEADER)
  if(OpenCV_${component}_LIBRARY AND OpenCV_${component}_HEADER)
    set(OpenCV_${component}_FOUND TRUE)
    list(APPEND OpenCV_LIBS opencv_${component})
    if(NOT TARGET opencv_${component})
      add_library(opencv_${component} UNKNOWN IMPORTED)
      set_target_properties(opencv_${component} PROPERTIES
        IMPORTED_LOCATION "${OpenCV_${component}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}")
    endif()
  endif()
endforeach()

if(OpenCV_INCLUDE_DIR)
  file(STRINGS "${OpenCV_INCLUDE_DIR}/opencv2/core/version.hpp" lines REGEX "#define CV_VERSION_(MAJOR|MINOR|REVISION)")
  string(REGEX REPLACE "[^0-9]+" "." OpenCV_VERSION "${lines}")
  string(REGEX REPLACE "^\\.|\\.$" "" OpenCV_VERSION "${OpenCV_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCV REQUIRED_VARS OpenCV_INCLUDE_DIR VERSION_VAR OpenCV_VERSION HANDLE_COMPONENTS)
