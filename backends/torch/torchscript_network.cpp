#include "torchscript_network.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/alias_analysis.h>

#include <string>
#include <utility>

#include "common/failure.hpp"
#include "torchscript_refusal.hpp"

namespace inference_exp::torch_backend {

namespace jit = torch::jit;
using backend::Failure;

namespace {

/// LibTorch watches the first two runs and optimizes in the third.
constexpr int kWarmUpRuns = 3;

std::vector<at::Tensor> tensors_of(const c10::IValue& result) {
  if (result.isTensor()) return {result.toTensor()};
  std::vector<at::Tensor> tensors;
  const auto add = [&](const c10::IValue& value) {
    if (!value.isTensor()) refuse_script("its forward returns more than tensors side by side");
    tensors.push_back(value.toTensor());
  };
  if (result.isTuple()) {
    for (const c10::IValue& value : result.toTupleRef().elements()) add(value);
  } else if (result.isList()) {
    for (const c10::IValue& value : result.toListRef()) add(value);
  }
  if (tensors.empty()) refuse_script("its forward returns no tensors");
  return tensors;
}

/// Whether running changes what later runs see: attributes that stay, or constants that are written to.
bool keeps_state(const jit::Block& block, const jit::AliasDb& aliases) {
  for (const jit::Node* node : block.nodes()) {
    if (node->kind() == c10::prim::GetAttr) return true;
    const bool constant = node->kind() == c10::prim::Constant;
    if (constant && node->output()->type()->kind() == c10::TypeKind::TensorType && aliases.hasWriters(node))
      return true;
    for (const jit::Block* inner : node->blocks()) {
      if (keeps_state(*inner, aliases)) return true;
    }
  }
  return false;
}

class ScriptNetwork final : public Network {
 public:
  ScriptNetwork(jit::Module module, at::ScalarType type, std::vector<std::int64_t> input_shape, at::Device device,
                std::map<std::string, std::string> metadata)
      : module_(std::move(module)),
        forward_(&module_.get_method("forward").function()),
        type_(type),
        metadata_(std::move(metadata)) {
    const auto graph = jit::toGraphFunction(*forward_).graph();
    const jit::AliasDb aliases(graph);
    if (keeps_state(*graph->block(), aliases)) refuse_script("it changes its own weights or settings while it runs");
    writes_input_ = aliases.hasWriters(graph->inputs().at(1));
    inputs_.push_back({"images", at::kFloat, std::move(input_shape)});
    warm_up(device);
  }

  [[nodiscard]] std::span<const TensorPort> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorPort> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept override { return metadata_; }

  [[nodiscard]] std::vector<at::Tensor> forward(std::span<const at::Tensor> inputs,
                                                Tracer* /*tracer*/ = nullptr) const override {
    std::vector<at::Tensor> outputs = run(inputs[0]);
    if (outputs.size() != outputs_.size()) fail("it gave another number of outputs than before");
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].dim() != static_cast<std::int64_t>(outputs_[i].shape.size())) fail("an output changed its rank");
    }
    return outputs;
  }

 private:
  [[noreturn]] static void fail(const std::string& what) {
    throw Failure(IEXP_ERROR_MODEL_RUNTIME, "The TorchScript network failed: " + what);
  }

  [[nodiscard]] std::vector<at::Tensor> run(const at::Tensor& images) const {
    // Input memory is the caller's: never written to, and never what an output lies in.
    const at::Tensor input = images.to(type_, /*non_blocking=*/false, /*copy=*/writes_input_);
    try {
      jit::Stack stack{module_._ivalue(), input};
      const auto& arguments = forward_->getSchema().arguments();
      for (std::size_t i = 2; i < arguments.size(); ++i) stack.push_back(*arguments[i].default_value());
      forward_->run(stack);
      std::vector<at::Tensor> outputs = tensors_of(stack.at(0));
      for (at::Tensor& output : outputs) {
        output = output.to(at::kFloat).contiguous();
        if (output.is_alias_of(images)) output = output.clone();
      }
      return outputs;
    } catch (const Failure&) {
      throw;
    } catch (const std::exception& error) {
      fail(reason_of(error));
    }
  }

  void warm_up(at::Device device) {
    const c10::InferenceMode guard;
    const at::Tensor blank = at::zeros(inputs_[0].shape, at::TensorOptions().dtype(at::kFloat).device(device));
    std::vector<at::Tensor> outputs;
    for (int i = 0; i < kWarmUpRuns; ++i) outputs = run(blank);
    for (const at::Tensor& output : outputs) {
      outputs_.push_back({"output" + std::to_string(outputs_.size()), at::kFloat, output.sizes().vec()});
    }
  }

  jit::Module module_;
  jit::Function* forward_;
  at::ScalarType type_;
  bool writes_input_ = false;
  std::vector<TensorPort> inputs_, outputs_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace

std::unique_ptr<Network> make_script_network(torch::jit::Module frozen, at::ScalarType type,
                                             std::vector<std::int64_t> input_shape, at::Device device,
                                             std::map<std::string, std::string> metadata) {
  return std::make_unique<ScriptNetwork>(std::move(frozen), type, std::move(input_shape), device, std::move(metadata));
}

}  // namespace inference_exp::torch_backend
