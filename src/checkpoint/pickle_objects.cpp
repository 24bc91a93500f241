// What a pickle makes by name: objects, tensors, storages.
#include "checkpoint/allowed_globals.hpp"
#include "checkpoint/byte_reader.hpp"
#include "checkpoint/pickle_machine.hpp"

namespace inference_exp::checkpoint {

std::string PickleMachine::line() {
  constexpr std::size_t kLongest = 1024;
  std::string text;
  for (;;) {
    const auto next = static_cast<char>(reader_.number<std::uint8_t>());
    if (next == '\n') return text;
    if (text.size() >= kLongest) throw_damaged("its pickle has a name without an end");
    text += next;
  }
}

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  constexpr std::size_t kLongest = 1024;
  // Checked before they are joined: what is refused may be long.
  if (module.size() + name.size() > kLongest) distrust(in_quotes(module) + "." + in_quotes(name));
  const std::string global = global_of(module, name);
  if (!is_allowed_global(global)) distrust(in_quotes(std::string(module).append(".").append(name)));
  push(make_text(ValueKind::global, global));
}

void PickleMachine::new_object() {
  const ValueId arguments = pop();
  const Value& type = pickle_[pop()];
  const bool plain =
      type.kind == ValueKind::global && (is_script_class(type.text) || type.text == "argparse Namespace");
  if (!plain || !pickle_[arguments].items.empty()) distrust("an instance of " + in_quotes(type.text));
  push(make_text(ValueKind::object, type.text));
}

void PickleMachine::build() {
  const ValueId state = pop();
  Value& target = top();
  if (target.kind == ValueKind::dict) return;  // an OrderedDict's "_metadata": versions of modules
  if (target.kind != ValueKind::object) distrust("a state for something that has none");
  target.items = {state};
}

void PickleMachine::reduce() {
  constexpr std::size_t kMostArguments = 16;
  const ValueId arguments = pop();
  const ValueId callee = pop();
  if (pickle_[callee].kind != ValueKind::global || pickle_[arguments].kind != ValueKind::tuple) {
    throw_damaged("its pickle calls something that cannot be called");
  }
  if (pickle_[arguments].items.size() > kMostArguments) distrust("a call of " + in_quotes(pickle_[callee].text));
  // Copies, because new values move the old ones.
  const std::string name = pickle_[callee].text;
  const std::vector<ValueId> items = pickle_[arguments].items;
  call(name, items);
}

void PickleMachine::call(const std::string& name, const std::vector<ValueId>& arguments) {
  if (name == "torch._utils _rebuild_tensor_v2") return rebuild_tensor(arguments);
  if (name == "torch._utils _rebuild_parameter" && !arguments.empty()) return push(arguments[0]);
  if (name == "collections OrderedDict" && arguments.size() <= 1) return ordered_dict(arguments);
  if (name == "argparse Namespace" && arguments.empty()) return push(make_text(ValueKind::object, name));
  if (name == "torch device" && !arguments.empty()) return device(arguments);
  if (name == "_codecs encode" && arguments.size() == 2 && text_of(arguments[1]) == "latin1") {
    return bytes_from_latin1(text_of(arguments[0]));
  }
  const bool wraps_a_list = name == "__builtin__ set" || name == "builtins set" || name == "torch Size" ||
                            name.starts_with("torch.jit._pickle ");
  if (!wraps_a_list || arguments.size() > 1) distrust("a call of " + in_quotes(name));
  const ValueId list = make(ValueKind::list);
  if (!arguments.empty()) add_items(pickle_.values[list], pickle_[arguments[0]].items);
  push(list);
}

void PickleMachine::ordered_dict(const std::vector<ValueId>& arguments) {
  const ValueId dict = make(ValueKind::dict);
  if (!arguments.empty()) {
    for (const ValueId pair : pickle_[arguments[0]].items) {
      const std::vector<ValueId>& both = pickle_[pair].items;
      if (both.size() != 2) throw_damaged("its pickle fills a dictionary with something that is no pair");
      add_items(pickle_.values[dict], both);
    }
  }
  push(dict);
}

void PickleMachine::device(const std::vector<ValueId>& arguments) {
  std::string name = text_of(arguments[0]);
  charge(name.size());
  if (arguments.size() > 1) name += ":" + std::to_string(integer_of(arguments[1]));
  push(make_text(ValueKind::text, name));
}

/// Protocols before 3 spell bytes as text whose characters are below 256.
void PickleMachine::bytes_from_latin1(std::string_view text) {
  charge(text.size());
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    if (first < 0x80) {
      bytes += text[i];
    } else if ((first == 0xC2 || first == 0xC3) && i + 1 < text.size()) {
      bytes += static_cast<char>((first & 3U) << 6U | (static_cast<unsigned char>(text[++i]) & 0x3FU));
    } else {
      throw_damaged("its pickle has bytes that are none");
    }
  }
  push(make_text(ValueKind::bytes, bytes));
}

void PickleMachine::rebuild_tensor(const std::vector<ValueId>& arguments) {
  if (arguments.size() < 4 || pickle_[arguments[0]].kind != ValueKind::storage) {
    throw_damaged("a tensor has no storage");
  }
  TensorValue tensor;
  tensor.storage = static_cast<std::size_t>(pickle_[arguments[0]].integer);
  tensor.offset = integer_of(arguments[1]);
  tensor.shape = integers_of(arguments[2]);
  tensor.strides = integers_of(arguments[3]);
  if (tensor.shape.size() != tensor.strides.size()) throw_damaged("a tensor has more or fewer strides than dimensions");
  charge(sizeof tensor + 2 * tensor.shape.size() * sizeof(std::int64_t));
  const ValueId id = make_integer(ValueKind::tensor, static_cast<std::int64_t>(pickle_.tensors.size()));
  pickle_.tensors.push_back(std::move(tensor));
  push(id);
}

/// ('storage', type, key, location, elements[, view]); where it once was does not matter. The same storage, asked for
/// again, is the same value.
void PickleMachine::persistent() {
  const Value& id = pickle_[pop()];
  if (id.kind != ValueKind::tuple || id.items.size() < 5 || text_of(id.items[0]) != "storage") {
    throw_damaged("it refers to something that is no storage");
  }
  const Value& type = pickle_[id.items[1]];
  if (type.kind != ValueKind::global || !type.text.starts_with("torch ") || !type.text.ends_with("Storage")) {
    throw_damaged("a storage has no type");
  }
  if (id.items.size() > 5 && pickle_[id.items[5]].kind != ValueKind::none) {
    throw_damaged("a storage is a part of another, as only files from before PyTorch 0.4 have it");
  }
  StorageId storage{type.text.substr(std::string_view("torch ").size()), text_of(id.items[2]), integer_of(id.items[4])};
  if (storage.elements < 0) throw_damaged("a storage has a negative size");
  if (const auto known = storage_values_.find(storage.key); known != storage_values_.end()) {
    const StorageId& before = pickle_.storages[static_cast<std::size_t>(pickle_[known->second].integer)];
    if (before.type != storage.type || before.elements != storage.elements) {
      throw_damaged("it describes the storage " + in_quotes(storage.key) + " in two ways");
    }
    return push(known->second);
  }
  charge(sizeof storage + 2 * storage.key.size());
  const ValueId made = make_integer(ValueKind::storage, static_cast<std::int64_t>(pickle_.storages.size()));
  storage_values_.emplace(storage.key, made);
  pickle_.storages.push_back(std::move(storage));
  push(made);
}

}  // namespace inference_exp::checkpoint
