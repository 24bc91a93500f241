# Where ONNX Runtime comes from. The plug-in compiles against headers and opens the library at run time, so nothing links.
#
#   1. an installation: INFERENCE_EXP_ONNXRUNTIME_ROOT or ONNXRUNTIME_ROOT (folders with include/ and lib/), else whatever
#      CMake finds in its usual places;
#   2. the version pinned in cmake/onnxruntime.pins, fetched once by scripts/fetch_onnxruntime.sh into a cache folder.
#
# Defines the target inference_exp_onnxruntime_headers and INFERENCE_EXP_ONNXRUNTIME_FILES, the libraries to place beside
# the plug-in (empty when the library is installed where the system's loader finds it).

# The oldest OrtApi with what the plug-in calls; its twin is kRequiredApi in backends/onnx/runtime.hpp.
set(onnxruntime_oldest_api 17)

set(INFERENCE_EXP_ONNXRUNTIME_ROOT "" CACHE PATH "An ONNX Runtime installation with include/ and lib/")
option(INFERENCE_EXP_FETCH_ONNXRUNTIME "Fetch the pinned ONNX Runtime when none is installed" ON)
set(INFERENCE_EXP_ONNXRUNTIME_SHA256 "" CACHE STRING "Replaces the pinned SHA-256 of ONNX Runtime's release archive")
if(DEFINED ENV{XDG_CACHE_HOME})
  set(default_cache "$ENV{XDG_CACHE_HOME}/inference-exp")
elseif(DEFINED ENV{HOME})
  set(default_cache "$ENV{HOME}/.cache/inference-exp")
else()
  set(default_cache "${CMAKE_BINARY_DIR}/fetched")
endif()
set(INFERENCE_EXP_FETCH_CACHE "${default_cache}" CACHE PATH "Where fetched dependencies are kept between builds")
mark_as_advanced(INFERENCE_EXP_FETCH_CACHE INFERENCE_EXP_ONNXRUNTIME_SHA256)

set(onnxruntime_header_folders include/onnxruntime include include/onnxruntime/core/session)
set(named_root "${INFERENCE_EXP_ONNXRUNTIME_ROOT}")
if(NOT named_root AND ONNXRUNTIME_ROOT)
  set(named_root "${ONNXRUNTIME_ROOT}")
elseif(NOT named_root AND DEFINED ENV{ONNXRUNTIME_ROOT})
  set(named_root "$ENV{ONNXRUNTIME_ROOT}")
endif()

# Sets onnxruntime_headers and onnxruntime_library from `root` alone.
function(inference_exp_look_into root)
  find_path(headers onnxruntime_cxx_api.h PATHS "${root}" PATH_SUFFIXES ${onnxruntime_header_folders}
            NO_DEFAULT_PATH NO_CACHE)
  find_file(library NAMES libonnxruntime.so.1 libonnxruntime.so PATHS "${root}" PATH_SUFFIXES lib lib64
            NO_DEFAULT_PATH NO_CACHE)
  set(onnxruntime_headers "${headers}" PARENT_SCOPE)
  set(onnxruntime_library "${library}" PARENT_SCOPE)
endfunction()

function(inference_exp_fetch_onnxruntime)
  file(SHA256 ${PROJECT_SOURCE_DIR}/cmake/onnxruntime.pins key)
  string(SUBSTRING ${key} 0 12 key)
  file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/onnxruntime.pins version REGEX "^VERSION=")
  string(REPLACE "VERSION=" "" version "${version}")
  set(folder "${INFERENCE_EXP_FETCH_CACHE}/onnxruntime/${version}-${CMAKE_SYSTEM_PROCESSOR}-${key}")
  if(NOT EXISTS "${folder}/lib/libonnxruntime.so.1")
    message(STATUS "Fetching ONNX Runtime ${version}")
  endif()
  set(environment "")
  if(INFERENCE_EXP_ONNXRUNTIME_SHA256)
    set(environment ${CMAKE_COMMAND} -E env INFERENCE_EXP_ONNXRUNTIME_SHA256=${INFERENCE_EXP_ONNXRUNTIME_SHA256})
  endif()
  execute_process(COMMAND ${environment} ${PROJECT_SOURCE_DIR}/scripts/fetch_onnxruntime.sh "${folder}"
                  RESULT_VARIABLE result ERROR_VARIABLE log ECHO_ERROR_VARIABLE)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${log}")
  endif()
  inference_exp_look_into("${folder}")
  set(onnxruntime_headers "${onnxruntime_headers}" PARENT_SCOPE)
  set(onnxruntime_library "${onnxruntime_library}" PARENT_SCOPE)
endfunction()

set(onnxruntime_system FALSE)
if(named_root)
  inference_exp_look_into("${named_root}")
  if(NOT onnxruntime_headers OR NOT onnxruntime_library)
    message(FATAL_ERROR "No ONNX Runtime in ${named_root}: it must hold include/onnxruntime_cxx_api.h and "
                        "lib/libonnxruntime.so.1 (or libonnxruntime.so), as the project's release archives do.")
  endif()
else()
  find_path(onnxruntime_headers onnxruntime_cxx_api.h PATH_SUFFIXES onnxruntime onnxruntime/core/session NO_CACHE)
  find_library(onnxruntime_library NAMES onnxruntime libonnxruntime.so.1 NO_CACHE)
  if(onnxruntime_headers AND onnxruntime_library)
    set(onnxruntime_system TRUE)
  elseif(INFERENCE_EXP_FETCH_ONNXRUNTIME)
    inference_exp_fetch_onnxruntime()
  else()
    message(FATAL_ERROR "ONNX Runtime was not found. Pass -DINFERENCE_EXP_ONNXRUNTIME_ROOT=<folder with include/ and "
                        "lib/>, allow -DINFERENCE_EXP_FETCH_ONNXRUNTIME=ON, or build without the plug-in: "
                        "-DINFERENCE_EXP_BACKEND_ONNX=OFF.")
  endif()
endif()

file(STRINGS "${onnxruntime_headers}/onnxruntime_c_api.h" onnxruntime_api REGEX "^#define ORT_API_VERSION [0-9]+")
string(REGEX MATCH "[0-9]+" onnxruntime_api "${onnxruntime_api}")
if(NOT onnxruntime_api OR onnxruntime_api LESS onnxruntime_oldest_api)
  message(FATAL_ERROR "The ONNX Runtime headers in ${onnxruntime_headers} are too old: API ${onnxruntime_oldest_api} "
                      "(version 1.${onnxruntime_oldest_api}) or later is needed.")
endif()
message(STATUS "ONNX Runtime: headers ${onnxruntime_headers} (API ${onnxruntime_api}), library ${onnxruntime_library}")

add_library(inference_exp_onnxruntime_headers INTERFACE)
target_include_directories(inference_exp_onnxruntime_headers SYSTEM INTERFACE "${onnxruntime_headers}")

# The runtime looks for its provider libraries beside itself.
set(INFERENCE_EXP_ONNXRUNTIME_FILES "")
if(NOT onnxruntime_system)
  get_filename_component(onnxruntime_folder "${onnxruntime_library}" DIRECTORY)
  file(GLOB INFERENCE_EXP_ONNXRUNTIME_FILES "${onnxruntime_folder}/libonnxruntime_providers_*.so")
  list(PREPEND INFERENCE_EXP_ONNXRUNTIME_FILES "${onnxruntime_library}")
endif()
