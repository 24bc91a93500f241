#include "torchscript_graph.hpp"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "torchscript_operators.hpp"
#include "torchscript_refusal.hpp"

namespace inference_exp::torch_backend {

namespace jit = torch::jit;

namespace {

constexpr std::uint64_t kMaxNodes = 1U << 20U;  ///< with all calls written out, as LibTorch does before it runs
constexpr int kMaxDepth = 64;                   ///< of calls, blocks and objects

/// Visits each function once and counts what it comes to.
class GraphCheck {
 public:
  /// The nodes of the function with all calls written out.
  std::uint64_t visit(jit::Function& function, int depth) {
    if (depth > kMaxDepth) refuse_script("its functions call each other too deeply");
    const auto known = counts_.find(&function);
    if (known != counts_.end()) {
      if (!known->second) refuse_script("the function " + function.name() + " calls itself");
      return *known->second;
    }
    counts_[&function] = std::nullopt;
    auto* const graph_function = jit::tryToGraphFunction(function);
    if (graph_function == nullptr) distrust("calls the native function " + function.name());
    const std::uint64_t count = visit(*graph_function->graph()->block(), depth + 1);
    counts_[&function] = count;
    return count;
  }

 private:
  std::uint64_t visit(const jit::Block& block, int depth) {
    if (depth > kMaxDepth) refuse_script("its code nests too deeply");
    std::uint64_t count = 0;
    for (const jit::Node* node : block.nodes()) {
      check_operator(*node);
      count += 1 + called(*node, depth);
      for (const jit::Block* inner : node->blocks()) count += visit(*inner, depth + 1);
      if (count > kMaxNodes) refuse_script("its functions call each other too often");
    }
    return count;
  }

  std::uint64_t called(const jit::Node& node, int depth) {
    if (node.kind() == c10::prim::CallMethod) {
      const auto receiver = node.input(0)->type()->cast<c10::ClassType>();
      jit::Function* const method = receiver ? receiver->findMethod(node.s(c10::attr::name)) : nullptr;
      if (method == nullptr) distrust("calls a method that is not known before it runs");
      return visit(*method, depth);
    }
    if (node.kind() == c10::prim::CallFunction) {
      const auto type = node.input(0)->type()->cast<c10::FunctionType>();
      if (!type) distrust("calls a function that is not known before it runs");
      return visit(*type->function(), depth);
    }
    return 0;
  }

  std::unordered_map<const jit::Function*, std::optional<std::uint64_t>> counts_;  ///< none: being visited
};

/// LibTorch sets attributes from the pickle without a look at what their class declares.
class AttributeCheck {
 public:
  void visit(const c10::ivalue::Object& object, int depth) {
    if (depth > kMaxDepth) refuse_script("its modules nest too deeply");
    if (!seen_.insert(&object).second) return;
    const auto type = object.type();
    if (!type->getForwardHooks().empty() || !type->getForwardPreHooks().empty()) distrust("has hooks");
    if (object.slots().size() < type->numAttributes()) refuse_script("an object lacks attributes");
    for (std::size_t i = 0; i < type->numAttributes(); ++i) {
      const c10::IValue& value = object.slots()[i];
      if (!fits(value, *type->getAttribute(i), depth)) {
        refuse_script("the attribute \"" + type->getAttributeName(i) + "\" is not of its declared type");
      }
    }
  }

 private:
  bool fits(const c10::IValue& value, const c10::Type& declared, int depth) {
    switch (declared.kind()) {
      case c10::TypeKind::TensorType:
        return value.isTensor();
      case c10::TypeKind::IntType:
        return value.isInt();
      case c10::TypeKind::FloatType:
        return value.isDouble();
      case c10::TypeKind::BoolType:
        return value.isBool();
      case c10::TypeKind::StringType:
        return value.isString();
      case c10::TypeKind::NoneType:
        return value.isNone();
      case c10::TypeKind::DeviceObjType:
        return value.isDevice();
      case c10::TypeKind::OptionalType:
        return value.isNone() || fits(value, *declared.castRaw<c10::OptionalType>()->getElementType(), depth);
      case c10::TypeKind::ListType:
        return value.isList() && all_fit(value.toListRef(), *declared.containedTypes().at(0), depth);
      case c10::TypeKind::TupleType:
        return value.isTuple() && fields_fit(value.toTupleRef().elements(), declared, depth);
      case c10::TypeKind::ClassType:
        if (!value.isObject() || *value.toObjectRef().type() != declared) return false;
        visit(value.toObjectRef(), depth + 1);
        return true;
      default:
        distrust("has an attribute of the type " + declared.str());
    }
  }
  bool all_fit(c10::ArrayRef<c10::IValue> values, const c10::Type& element, int depth) {
    return std::ranges::all_of(values, [&](const c10::IValue& value) { return fits(value, element, depth); });
  }
  template <typename Values>
  bool fields_fit(const Values& values, const c10::Type& declared, int depth) {
    const auto types = declared.containedTypes();
    if (values.size() != types.size()) return false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!fits(values[i], *types[i], depth)) return false;
    }
    return true;
  }

  std::set<const c10::ivalue::Object*> seen_;
};

}  // namespace

void check_graphs(const jit::Module& module) {
  AttributeCheck().visit(*module._ivalue(), 0);
  GraphCheck check;
  for (const jit::Module& part : module.modules()) {
    for (jit::Function* method : part.type()->methods()) (void)check.visit(*method, 0);
  }
}

}  // namespace inference_exp::torch_backend
