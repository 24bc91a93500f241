# An overlay port that builds the checkout it lies in:
#   vcpkg install inference-exp --overlay-ports=packaging/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)

vcpkg_check_features(OUT_FEATURE_OPTIONS feature_options
  FEATURES
    annotators INFERENCE_EXP_ANNOTATORS
    backend-onnx INFERENCE_EXP_BACKEND_ONNX
    backend-torch INFERENCE_EXP_BACKEND_TORCH
    hub INFERENCE_EXP_HUB
    text INFERENCE_EXP_TEXT)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    ${feature_options}
    -DINFERENCE_EXP_FETCH_ONNXRUNTIME=OFF
    -DINFERENCE_EXP_CLI=OFF
    -DINFERENCE_EXP_EXAMPLES=OFF
    -DINFERENCE_EXP_TESTS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME inference_exp CONFIG_PATH lib/cmake/inference_exp)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE" "${SOURCE_PATH}/NOTICE")
