# Writes the bytes of BINARY into the C++ file SOURCE.
file(READ ${BINARY} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${SOURCE} "#include \"vision/cuda/kernel_image.hpp\"

namespace inference_exp::vision::gpu {

namespace {

alignas(16) constexpr unsigned char kKernelImage[] = {
${bytes}};

}  // namespace

std::span<const unsigned char> kernel_image() noexcept { return kKernelImage; }

}  // namespace inference_exp::vision::gpu
")
