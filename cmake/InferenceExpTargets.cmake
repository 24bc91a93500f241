# How this project's targets are compiled, said once.

# What every compiled target of the project gets: C++20, strict warnings, hidden symbols, sanitizers.
add_library(inference_exp_build_flags INTERFACE)
target_compile_features(inference_exp_build_flags INTERFACE cxx_std_20)
# No contraction to FMA: geometry, NMS and un-letterboxing must round as the specification does.
target_compile_options(inference_exp_build_flags INTERFACE
  -Wall -Wextra -Wpedantic -ffp-contract=off -fno-math-errno
  # gcc 12 sees overlapping copies in std::string's operator+ that cannot happen.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # In a unity build a source's own types seem to come from a header.
  $<$<AND:$<BOOL:${CMAKE_UNITY_BUILD}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(inference_exp_build_flags INTERFACE -Werror)
endif()
if(INFERENCE_EXP_SANITIZE)
  target_compile_options(inference_exp_build_flags INTERFACE
    -fsanitize=${INFERENCE_EXP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # Sanitizers hide from gcc what is initialised; the plain builds keep this warning.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(inference_exp_build_flags INTERFACE -fsanitize=${INFERENCE_EXP_SANITIZE})
endif()

# Sets the properties that flags alone can't carry.
function(inference_exp_configure target)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
endfunction()

# A room of the house: an object library that is part of `inference_exp`, and that tests can link on its own.
#   inference_exp_add_room(vision SOURCES a.cpp b.cpp DEPENDS core LIBRARIES hwy)
function(inference_exp_add_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  set(target inference_exp_${room})
  add_library(${target} OBJECT ${ARG_SOURCES})
  inference_exp_configure(${target})
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
           $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>)
  target_compile_definitions(${target} PRIVATE INFERENCE_EXP_BUILDING)
  target_link_libraries(${target} PRIVATE inference_exp_build_flags PUBLIC ${ARG_LIBRARIES})
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} PUBLIC inference_exp_${dependency})  # usage requirements only: both are objects
  endforeach()
endfunction()

# A plug-in's shared object: one symbol leaves it, the build tree's programs find it, installed ones too.
function(inference_exp_install_plugin target component)
  set(exports ${PROJECT_SOURCE_DIR}/backends/common/exports.map)
  # The map also holds back what templates of other libraries would export.
  target_link_options(${target} PRIVATE -Wl,--version-script=${exports})
  if(NOT INFERENCE_EXP_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set(folder ${CMAKE_LIBRARY_OUTPUT_DIRECTORY})
  if(NOT folder)
    set(folder ${PROJECT_BINARY_DIR}/lib)
  endif()
  set_target_properties(${target} PROPERTIES
    LIBRARY_OUTPUT_DIRECTORY ${folder}/inference_exp LINK_DEPENDS ${exports})
  if(INFERENCE_EXP_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/inference_exp COMPONENT ${component})
  endif()
endfunction()

# How tests are compiled: what is tested keeps the build's optimisation; the tests themselves compile in two thirds of the
# time without it, and with sanitizers in half.
function(inference_exp_configure_test target)
  inference_exp_configure(${target})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${target} PRIVATE inference_exp_build_flags GTest::gmock)
  if(INFERENCE_EXP_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# A GoogleTest program made of the named rooms' objects, so that internals can be tested:
#   inference_exp_add_test(vision ROOMS core vision SOURCES nms_test.cpp LIBRARIES ... LABELS ...)
function(inference_exp_add_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;LIBRARIES;LABELS" ${ARGN})
  set(target ${name}_tests)
  add_executable(${target} ${ARG_SOURCES})
  inference_exp_configure_test(${target})
  target_precompile_headers(${target} REUSE_FROM test_headers)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE GTest::gtest_main ${ARG_LIBRARIES})
  foreach(room IN LISTS ARG_ROOMS)
    target_link_libraries(${target} PRIVATE inference_exp_${room})
  endforeach()
  target_compile_definitions(${target} PRIVATE
    INFERENCE_EXP_SOURCE_DIR="${PROJECT_SOURCE_DIR}" INFERENCE_EXP_BINARY_DIR="${CMAKE_BINARY_DIR}")
  # Reports from inside libraries that are not ours to instrument.
  set(environment "")
  if(INFERENCE_EXP_SANITIZE MATCHES "thread")
    set(environment ENVIRONMENT TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp)
  elseif(INFERENCE_EXP_SANITIZE MATCHES "address")
    set(environment ENVIRONMENT LSAN_OPTIONS=print_suppressions=0:suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp)
  endif()
  gtest_discover_tests(${target} TEST_PREFIX ${name}. NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT 300 ${environment} $<$<BOOL:${ARG_LABELS}>:LABELS> ${ARG_LABELS})
endfunction()
