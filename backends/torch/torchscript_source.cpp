#include "torchscript_source.hpp"

#include <torch/csrc/jit/frontend/lexer.h>
#include <torch/csrc/jit/frontend/parser.h>
#include <torch/csrc/jit/frontend/tree_views.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "common/failure.hpp"
#include "torchscript_refusal.hpp"

namespace inference_exp::torch_backend {

namespace jit = torch::jit;

namespace {

constexpr int kMaxNesting = 64;
constexpr int kMaxOperators = 1024;  ///< in one statement: each may be a level of the tree
constexpr int kMaxBranches = 256;    ///< elif, in one file

/// Operands and what lists are made of; everything else may nest.
bool is_flat(int kind) {
  return kind == jit::TK_NUMBER || kind == jit::TK_IDENT || kind == jit::TK_STRINGLITERAL || kind == ',' ||
         kind == jit::TK_TRUE || kind == jit::TK_FALSE || kind == jit::TK_NONE;
}

int nesting_of(int kind) {
  if (kind == '(' || kind == '[' || kind == '{' || kind == jit::TK_INDENT) return 1;
  if (kind == ')' || kind == ']' || kind == '}' || kind == jit::TK_DEDENT) return -1;
  return 0;
}

/// The lexer does not recurse, the parser does: depth is bounded in between.
void check_tokens(const std::shared_ptr<jit::Source>& source, SourceBudget& budget) {
  jit::Lexer lexer(source);
  int nesting = 0;
  int operators = 0;
  int branches = 0;
  for (; lexer.cur().kind != jit::TK_EOF; lexer.next()) {
    const int kind = lexer.cur().kind;
    nesting += nesting_of(kind);
    operators = kind == jit::TK_NEWLINE ? 0 : operators + (is_flat(kind) ? 0 : 1);
    branches += kind == jit::TK_ELIF ? 1 : 0;
    if (nesting > kMaxNesting || operators > kMaxOperators || branches > kMaxBranches) {
      refuse_script("its code nests deeper than exporters write");
    }
    if (kind != jit::TK_DEF && kind != jit::TK_CLASS_DEF) continue;
    if (budget.definitions == 0) refuse_script("it defines more functions than any network");
    --budget.definitions;
  }
}

bool is_literal(const jit::TreeRef& tree) {
  switch (tree->kind()) {
    case jit::TK_CONST:
    case jit::TK_STRINGLITERAL:
    case jit::TK_TRUE:
    case jit::TK_FALSE:
    case jit::TK_NONE:
      return true;
    case jit::TK_UNARY_MINUS:
    case jit::TK_LIST_LITERAL:
    case jit::TK_TUPLE_LITERAL:
    case jit::TK_LIST:
    case jit::TK_OPTION:
      return std::ranges::all_of(tree->trees(), is_literal);
    default:
      return false;
  }
}

void check_name(const std::string& name) {
  for (const char* hook : {"__setstate__", "__getstate__", "__forward_hooks__", "__forward_pre_hooks__"}) {
    if (name == hook) distrust("has code that runs while it is loaded (" + name + ")");
  }
}

bool is_name(const jit::TreeRef& tree, std::string_view name) {
  return tree->kind() == jit::TK_VAR && jit::Var(tree).name().name() == name;
}

/// `Final[T]`
bool is_final(const jit::TreeRef& type) {
  if (type->kind() != jit::TK_SUBSCRIPT) return false;
  const jit::Subscript subscript(type);
  return is_name(subscript.value(), "Final") && subscript.subscript_exprs().size() == 1;
}

/// The forms that torch.jit.save writes, and no others: LibTorch trusts them.
///   weight : Tensor        an attribute, or a field of a named tuple, which may have a default value
///   size : Final[int] = 3
///   __parameters__ = ["weight", ]
///   __annotations__["0"] = __torch__.torch.nn.modules.conv.Conv2d
void check_class_assignment(const jit::Assign& assign, bool fields) {
  if (assign.lhs_list().size() != 1) refuse_script("a class assigns to more than one name");
  const jit::Expr target = assign.lhs();
  if (target.kind() == jit::TK_SUBSCRIPT) {
    const jit::Subscript subscript(target);
    const bool annotation = is_name(subscript.value(), "__annotations__") && subscript.subscript_exprs().size() == 1 &&
                            (*subscript.subscript_exprs().begin()).kind() == jit::TK_STRINGLITERAL;
    if (annotation && assign.rhs().present() && !assign.type().present()) return;
    refuse_script("a class assigns to something other than a name");
  }
  if (target.kind() != jit::TK_VAR) refuse_script("a class assigns to something other than a name");
  const std::string& name = jit::Var(target).name().name();
  check_name(name);
  const bool list = name == "__parameters__" || name == "__buffers__";
  if (!assign.rhs().present()) {
    if (list || !assign.type().present()) refuse_script("an attribute of a class has no type");
    return;
  }
  if (!is_literal(assign.rhs().get())) distrust("has a class constant that has to be computed while it is loaded");
  const bool well_formed = list ? !assign.type().present() && assign.rhs().get().kind() == jit::TK_LIST_LITERAL
                                : assign.type().present() && (fields || is_final(assign.type().get()));
  if (!well_formed)
    refuse_script("the attribute " + name + " of a class is not in the form that torch.jit.save writes");
}

void check_class(const jit::TreeRef& tree) {
  const jit::ClassDef definition(tree);
  const auto superclass = definition.superclass();
  const bool fields = superclass.present() && is_name(superclass.get(), "NamedTuple");
  const bool known = fields || !superclass.present() || is_name(superclass.get(), "Module");
  if (!known) refuse_script("it has a class that is neither a module nor a named tuple");
  for (const jit::Stmt& statement : definition.body()) {
    if (statement.kind() == jit::TK_ASSIGN) {
      check_class_assignment(jit::Assign(statement), fields);
    } else if (statement.kind() != jit::TK_DEF && statement.kind() != jit::TK_PASS) {
      refuse_script("a class has statements other than attributes and methods");
    }
  }
}

bool names_native_classes(const jit::TreeRef& tree) {
  if (tree->kind() != '.') return false;
  const jit::Select classes(tree);
  if (classes.selector().name() != "classes" || classes.value().kind() != '.') return false;
  const jit::Select inner(classes.value());
  return inner.selector().name() == "torch" && inner.value().kind() == jit::TK_VAR &&
         jit::Var(inner.value()).name().name() == "__torch__";
}

void check_node(const jit::TreeRef& tree) {
  if (tree->kind() == jit::TK_DEF) {
    check_name(jit::Def(tree).name().name());
  } else if (tree->kind() == jit::TK_CLASS_DEF) {
    check_class(tree);
  } else if (tree->kind() == jit::TK_PARAM) {
    const auto value = jit::Param(tree).defaultValue();
    if (value.present() && !is_literal(value.get())) {
      distrust("has a default value that has to be computed while it is loaded");
    }
  } else if (names_native_classes(tree)) {
    distrust("uses native classes");
  }
}

void check_tree(jit::TreeRef root) {
  std::vector<jit::TreeRef> rest{std::move(root)};
  while (!rest.empty()) {
    const jit::TreeRef tree = std::move(rest.back());
    rest.pop_back();
    check_node(tree);
    rest.insert(rest.end(), tree->trees().begin(), tree->trees().end());
  }
}

}  // namespace

void check_source(std::string text, SourceBudget& budget) {
  if (text.size() > budget.bytes) refuse_script("it has more code than any network");
  budget.bytes -= text.size();
  try {
    const auto source = std::make_shared<jit::Source>(std::move(text));
    check_tokens(source, budget);
    jit::Parser parser(source);
    while (parser.lexer().cur().kind != jit::TK_EOF) {
      const bool is_class = parser.lexer().cur().kind == jit::TK_CLASS_DEF;
      check_tree(is_class ? parser.parseClass() : parser.parseFunction(/*is_method=*/false));
    }
  } catch (const backend::Failure&) {
    throw;
  } catch (const std::exception& error) {
    refuse_script("its code does not parse (" + reason_of(error) + ")");
  }
}

}  // namespace inference_exp::torch_backend
