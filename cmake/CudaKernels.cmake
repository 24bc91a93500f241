# CUDA kernels, compiled by nvcc for several generations of GPUs and carried inside the library as an array.
#
# The compiler is used as a program and not as a CMake language: nothing else of CUDA is needed, and a build without it
# is a build without kernels.
include_guard(GLOBAL)

find_program(INFERENCE_EXP_NVCC nvcc
  HINTS ENV CUDA_PATH ENV CUDA_HOME ENV CUDAToolkit_ROOT
  PATHS /usr/local/cuda /opt/cuda PATH_SUFFIXES bin
  DOC "NVIDIA's compiler, for the CUDA kernels")
# No contraction to FMA: results must round as on the CPU.
set(nvcc_flags -std=c++17 -O3 -fmad=false -I${PROJECT_SOURCE_DIR}/src)
if(PROJECT_IS_TOP_LEVEL)
  list(APPEND nvcc_flags -Werror all-warnings)
endif()
set(INFERENCE_EXP_NVCC_FLAGS ${nvcc_flags} CACHE INTERNAL "nvcc's options for kernels")  # seen by the tests as well
set(INFERENCE_EXP_CUDA_ARCHITECTURES 75 80 86 87 89 90 120 CACHE STRING "GPU generations that the kernels are compiled for")

set(INFERENCE_EXP_KERNELS_COMPILED OFF CACHE INTERNAL "Whether the library carries kernels")

# The -gencode options: code for each generation that this nvcc knows, and PTX of the oldest for GPUs that are newer than
# all of them. Empty when it knows none.
function(inference_exp_gpu_code result)
  execute_process(COMMAND ${INFERENCE_EXP_NVCC} --list-gpu-code
                  OUTPUT_VARIABLE known RESULT_VARIABLE failure ERROR_QUIET)
  set(options)
  if(failure EQUAL 0)
    string(REGEX MATCHALL "sm_[0-9]+[a-z]*" known "${known}")
    foreach(generation IN LISTS INFERENCE_EXP_CUDA_ARCHITECTURES)
      if(NOT sm_${generation} IN_LIST known)
        continue()
      endif()
      if(NOT options)
        list(APPEND options -gencode arch=compute_${generation},code=compute_${generation})
      endif()
      list(APPEND options -gencode arch=compute_${generation},code=sm_${generation})
    endforeach()
  endif()
  set(${result} ${options} PARENT_SCOPE)
endfunction()

# inference_exp_embed_cuda_kernels(kernels.cu source HEADERS a.hpp): sets `source` to a generated C++ file that defines
# vision::gpu::kernel_image(), or to nothing where there is no nvcc.
function(inference_exp_embed_cuda_kernels kernels result)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "" "HEADERS")
  set(${result} "" PARENT_SCOPE)
  set(gpu_code)
  if(INFERENCE_EXP_NVCC)
    inference_exp_gpu_code(gpu_code)
  endif()
  if(NOT gpu_code)
    message(STATUS "CUDA kernels: no nvcc found that knows one of ${INFERENCE_EXP_CUDA_ARCHITECTURES}; building without")
    return()
  endif()
  set(image ${CMAKE_CURRENT_BINARY_DIR}/kernels.fatbin)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/kernel_image.cpp)
  set(embed ${PROJECT_SOURCE_DIR}/cmake/embed_binary.cmake)
  list(TRANSFORM ARG_HEADERS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  add_custom_command(OUTPUT ${image}
    COMMAND ${INFERENCE_EXP_NVCC} -fatbin ${INFERENCE_EXP_NVCC_FLAGS} --threads 2 -Xfatbin -compress-all ${gpu_code}
            ${CMAKE_CURRENT_SOURCE_DIR}/${kernels} -o ${image}
    DEPENDS ${kernels} ${ARG_HEADERS}
    COMMENT "Compiling CUDA kernels" VERBATIM)
  add_custom_command(OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -D BINARY=${image} -D SOURCE=${source} -P ${embed}
    DEPENDS ${image} ${embed}
    COMMENT "Embedding CUDA kernels" VERBATIM)
  set(${result} ${source} PARENT_SCOPE)
  set(INFERENCE_EXP_KERNELS_COMPILED ON CACHE INTERNAL "")
endfunction()
