#include "torchscript_operators.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "torchscript_refusal.hpp"

namespace inference_exp::torch_backend {

namespace jit = torch::jit;

namespace {

/// Nodes of the language itself. Left out on purpose: PythonOp, CreateObject and SetAttr (networks have no state),
/// Print, fork, rpc_*, Enter and Exit, and everything that only LibTorch's optimizer makes.
constexpr std::array<std::string_view, 48> kPrim{"Constant",
                                                 "If",
                                                 "Loop",
                                                 "Return",
                                                 "Param",
                                                 "Uninitialized",
                                                 "ListConstruct",
                                                 "ListUnpack",
                                                 "TupleConstruct",
                                                 "TupleUnpack",
                                                 "TupleIndex",
                                                 "TupleSlice",
                                                 "DictConstruct",
                                                 "EmptyListLiteral",
                                                 "GetAttr",
                                                 "CallMethod",
                                                 "CallFunction",
                                                 "RaiseException",
                                                 "NumToTensor",
                                                 "ConstantChunk",
                                                 "unchecked_cast",
                                                 "unchecked_unwrap_optional",
                                                 "isinstance",
                                                 "device",
                                                 "dtype",
                                                 "layout",
                                                 "is_cuda",
                                                 "is_mkldnn",
                                                 "is_sparse",
                                                 "is_quantized",
                                                 "is_meta",
                                                 "is_mps",
                                                 "is_nested",
                                                 "requires_grad",
                                                 "shape",
                                                 "data",
                                                 "itemsize",
                                                 "min",
                                                 "max",
                                                 "abs",
                                                 "range",
                                                 "rangelist",
                                                 "tolist",
                                                 "enumerate",
                                                 "zip",
                                                 "list",
                                                 "annotate",
                                                 "BroadcastSizes"};

/// What takes text that is a mode, an equation or a key. No other operator may take text: it could name a file.
constexpr std::array<std::string_view, 28> kTakesText{
    "einsum",      "div",          "div_",      "divide",       "divide_",   "gelu",           "gelu_",
    "meshgrid",    "pad",          "conv1d",    "conv2d",       "conv3d",    "format",         "eq",
    "ne",          "add",          "len",       "searchsorted", "bucketize", "scatter_reduce", "scatter_reduce_",
    "__getitem__", "__contains__", "_set_item", "keys",         "values",    "items",          "get"};

/// What changes LibTorch's state, or the storage behind a tensor.
constexpr std::array<std::string_view, 11> kRefused{
    "save",     "from_file",        "manual_seed", "seed",          "initial_seed",   "set_",
    "set_data", "set_grad_enabled", "set_vital",   "record_stream", "_resize_output_"};

template <std::size_t N>
bool is_in(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_plain(const c10::Type& type, bool text) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType:
    case c10::TypeKind::IntType:
    case c10::TypeKind::FloatType:
    case c10::TypeKind::ComplexType:
    case c10::TypeKind::BoolType:
    case c10::TypeKind::NumberType:
    case c10::TypeKind::SymIntType:
    case c10::TypeKind::SymFloatType:
    case c10::TypeKind::NoneType:
    case c10::TypeKind::DeviceObjType:
    case c10::TypeKind::ScalarTypeType:
    case c10::TypeKind::LayoutType:
    case c10::TypeKind::MemoryFormatType:
    case c10::TypeKind::VarType:
    case c10::TypeKind::AnyListType:
    case c10::TypeKind::AnyTupleType:
      return true;
    case c10::TypeKind::StringType:
    case c10::TypeKind::AnyType:
      return text;
    case c10::TypeKind::OptionalType:
    case c10::TypeKind::ListType:
    case c10::TypeKind::DictType:
    case c10::TypeKind::TupleType:
      return std::ranges::all_of(type.containedTypes(), [&](const auto& inner) { return is_plain(*inner, text); });
    default:
      return false;
  }
}

[[noreturn]] void distrust_operator(const jit::Node& node) {
  distrust(std::string("has the operator ") + node.kind().toQualString());
}

}  // namespace

void check_operator(const jit::Node& node) {
  const std::string_view name = node.kind().toUnqualString();
  if (node.kind().is_prim()) {
    if (!is_in(kPrim, name)) distrust_operator(node);
    return;
  }
  const auto* const schema = node.maybeSchema();
  if (!node.kind().is_aten() || schema == nullptr || is_in(kRefused, name) || name.find("autocast") != name.npos) {
    distrust_operator(node);
  }
  const bool text = is_in(kTakesText, name);
  const auto plain = [&](const c10::Argument& argument) { return is_plain(*argument.type(), text); };
  if (!std::ranges::all_of(schema->arguments(), plain) || !std::ranges::all_of(schema->returns(), plain)) {
    distrust_operator(node);
  }
}

}  // namespace inference_exp::torch_backend
