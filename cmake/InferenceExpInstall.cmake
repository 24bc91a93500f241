# What `cmake --install` puts where: library, headers, CMake package, pkg-config file, embedded models. The program and the
# plug-ins say it in their own folders.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/inference_exp)
set(generated_dir ${PROJECT_BINARY_DIR}/generated)
get_target_property(library_type inference_exp TYPE)

install(TARGETS inference_exp EXPORT inference_exp-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT library)
install(EXPORT inference_exp-targets FILE inference_expTargets.cmake NAMESPACE inference_exp::
  DESTINATION ${package_dir} COMPONENT development)

if(TARGET inference_exp_annotators)
  # Both libraries lie in one folder.
  set_target_properties(inference_exp_annotators PROPERTIES INSTALL_RPATH "$ORIGIN")
  install(EXPORT inference_exp_annotators-targets FILE inference_expAnnotatorsTargets.cmake NAMESPACE inference_exp::
    DESTINATION ${package_dir} COMPONENT annotators-development)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/FindOpenCV.cmake DESTINATION ${package_dir}
    COMPONENT annotators-development)
  install(FILES ${PROJECT_SOURCE_DIR}/include/inference_exp/annotators.hpp
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/inference_exp COMPONENT annotators-development)
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/inference_exp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development PATTERN annotators.hpp EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/include/inference_exp.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development)
install(FILES ${generated_dir}/inference_exp/version.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/inference_exp
  COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/inference_expConfig.cmake.in
  ${generated_dir}/inference_expConfig.cmake INSTALL_DESTINATION ${package_dir})
# Until 1.0 every minor version may change the interface.
write_basic_package_version_file(${generated_dir}/inference_expConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${generated_dir}/inference_expConfig.cmake ${generated_dir}/inference_expConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT development)

set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH prefix_from_pkgconfig ${CMAKE_INSTALL_PREFIX}/${pkgconfig_dir} ${CMAKE_INSTALL_PREFIX})
# pkg-config wants to find what a static library uses even where it is asked for flags of the compiler only.
set(pkgconfig_cflags)
set(pkgconfig_requires)
set(pkgconfig_libs)
if(library_type STREQUAL STATIC_LIBRARY)
  set(pkgconfig_cflags "-DINFERENCE_EXP_STATIC ")
  set(pkgconfig_libs "-ldl -pthread")
  set(pkgconfig_requires libhwy)
  if(INFERENCE_EXP_HUB)
    list(APPEND pkgconfig_requires libcurl libcrypto libb2)
  endif()
  if(INFERENCE_EXP_TEXT)
    list(APPEND pkgconfig_requires zlib libutf8proc)
  endif()
  list(JOIN pkgconfig_requires ", " pkgconfig_requires)
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/inference_exp.pc.in ${generated_dir}/inference_exp.pc @ONLY)
install(FILES ${generated_dir}/inference_exp.pc DESTINATION ${pkgconfig_dir} COMPONENT development)

if(EXISTS ${PROJECT_SOURCE_DIR}/assets/models)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/assets/models DESTINATION ${CMAKE_INSTALL_DATADIR}/inference_exp
    COMPONENT library)
endif()
