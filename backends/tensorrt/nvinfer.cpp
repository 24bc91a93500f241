// tensorrt.hpp, answered with NVIDIA's library.
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/failure.hpp"
#include "core/options.hpp"
#include "nvinfer_builder.hpp"
#include "nvinfer_engine.hpp"
#include "nvinfer_headers.hpp"
#include "nvinfer_library.hpp"
#include "tensorrt.hpp"

namespace inference_exp::tensorrt {

nvinfer1::Dims dims_of(std::span<const std::int64_t> shape) {
  nvinfer1::Dims dims{};
  if (shape.size() > nvinfer1::Dims::MAX_DIMS) {
    throw backend::Failure(IEXP_ERROR_INVALID_PARAMETER, "TensorRT has tensors of eight dimensions at most.");
  }
  dims.nbDims = static_cast<std::int32_t>(shape.size());
  for (std::size_t i = 0; i < shape.size(); ++i) dims.d[i] = shape[i];
  return dims;
}

ElementType element_type_of(nvinfer1::DataType type) noexcept {
  using nvinfer1::DataType;
  switch (type) {
    case DataType::kFLOAT:
      return ElementType::f32;
    case DataType::kHALF:
      return ElementType::f16;
    case DataType::kBF16:
      return ElementType::bf16;
    case DataType::kINT8:
      return ElementType::i8;
    case DataType::kINT32:
      return ElementType::i32;
    case DataType::kINT64:
      return ElementType::i64;
    case DataType::kUINT8:
      return ElementType::u8;
    case DataType::kBOOL:
      return ElementType::boolean;
    default:
      return ElementType::other;
  }
}

namespace {

class NvLibrary final : public Library {
 public:
  explicit NvLibrary(NvInfer opened) : opened_(std::move(opened)) {}

  [[nodiscard]] std::string version() const override { return opened_.version; }
  [[nodiscard]] std::string path() const override { return opened_.path; }

  [[nodiscard]] std::unique_ptr<Engine> deserialize(std::span<const std::byte> plan, bool host_code_allowed) override {
    return deserialize_engine(opened_, plan, host_code_allowed);
  }
  [[nodiscard]] std::vector<OnnxInput> onnx_inputs(const std::string& onnx_file) override {
    return read_onnx_inputs(opened_, parser(), onnx_file);
  }
  [[nodiscard]] BuiltEngine build(const BuildRequest& request) override {
    return build_onnx_engine(opened_, parser(), request);
  }

 private:
  /// Opened at the first call that finds it.
  [[nodiscard]] CreateParser parser() {
    const std::scoped_lock lock(mutex_);
    if (create_parser_ == nullptr) create_parser_ = open_onnx_parser(opened_);
    return create_parser_;
  }

  NvInfer opened_;
  std::mutex mutex_{};
  CreateParser create_parser_ = nullptr;
};

struct LibraryState {
  std::mutex mutex;
  std::unique_ptr<NvLibrary> library;
};

/// Never destroyed: sessions held by static objects may outlive every destructor that runs at exit.
LibraryState& library_state() {
  static LibraryState& instance = *std::make_unique<LibraryState>().release();
  return instance;
}

}  // namespace

Library& library() {
  LibraryState& state = library_state();
  const std::scoped_lock lock(state.mutex);
  if (state.library == nullptr)
    state.library = std::make_unique<NvLibrary>(open_nvinfer(options().tensorrt_library.string()));
  return *state.library;
}

}  // namespace inference_exp::tensorrt
