# NVIDIA's headers of TensorRT 10, from TensorRT_ROOT (a folder with include/) or the system. No library: the plug-in opens
# those at run time.
#
#   TensorRT::headers            target with the headers, and CUDA's, which they include
#   TensorRT_VERSION             such as 10.3.0.26
#   TensorRT_HAS_ONNX_PARSER     whether NvOnnxParser.h lies beside the others; the target then defines
#                                TENSORRT_HAS_ONNX_PARSER. Engines are compiled with it; they run without.
find_path(TensorRT_INCLUDE_DIR NvInfer.h PATH_SUFFIXES ${CMAKE_LIBRARY_ARCHITECTURE})
find_path(TensorRT_CUDA_INCLUDE_DIR cuda_runtime_api.h
  HINTS ${CUDAToolkit_ROOT} ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES include targets/${CMAKE_SYSTEM_PROCESSOR}-linux/include)
mark_as_advanced(TensorRT_INCLUDE_DIR TensorRT_CUDA_INCLUDE_DIR)

# The numbers are written out, or named after others that are.
unset(TensorRT_VERSION)
if(TensorRT_INCLUDE_DIR AND EXISTS ${TensorRT_INCLUDE_DIR}/NvInferVersion.h)
  file(STRINGS ${TensorRT_INCLUDE_DIR}/NvInferVersion.h lines REGEX "^#define +(NV_TENSORRT|TRT)_(MAJOR|MINOR|PATCH|BUILD)")
  set(numbers)
  foreach(part MAJOR MINOR PATCH BUILD)
    set(number)
    foreach(line IN LISTS lines)
      if(line MATCHES "^#define +(NV_TENSORRT_${part}|TRT_${part}_ENTERPRISE) +([0-9]+)")
        set(number ${CMAKE_MATCH_2})
      endif()
    endforeach()
    list(APPEND numbers ${number})
  endforeach()
  list(JOIN numbers "." TensorRT_VERSION)
endif()

include(FindPackageHandleStandardArgs)
set(problem)
if(TensorRT_VERSION AND NOT TensorRT_VERSION MATCHES "^10\\.")
  set(problem REASON_FAILURE_MESSAGE "TensorRT 10 is needed; ${TensorRT_INCLUDE_DIR} has the headers of ${TensorRT_VERSION}")
  set(TensorRT_FITS FALSE)
else()
  set(TensorRT_FITS TRUE)
endif()
find_package_handle_standard_args(TensorRT
  REQUIRED_VARS TensorRT_INCLUDE_DIR TensorRT_CUDA_INCLUDE_DIR TensorRT_VERSION TensorRT_FITS
  VERSION_VAR TensorRT_VERSION ${problem})

if(NOT TensorRT_FOUND)
  return()
endif()
set(TensorRT_HAS_ONNX_PARSER FALSE)
if(EXISTS ${TensorRT_INCLUDE_DIR}/NvOnnxParser.h)
  set(TensorRT_HAS_ONNX_PARSER TRUE)
endif()
if(NOT TARGET TensorRT::headers)
  add_library(TensorRT::headers INTERFACE IMPORTED)
  target_include_directories(TensorRT::headers SYSTEM INTERFACE ${TensorRT_INCLUDE_DIR} ${TensorRT_CUDA_INCLUDE_DIR})
  if(TensorRT_HAS_ONNX_PARSER)
    target_compile_definitions(TensorRT::headers INTERFACE TENSORRT_HAS_ONNX_PARSER)
  endif()
endif()
