#include "checkpoint/pickle.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <unordered_map>
#include <utility>

#include "checkpoint/byte_reader.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::size_t kMaxValues = 1U << 18U;  // the largest published training checkpoint has a tenth of it
constexpr std::uint32_t kMaxMemo = kMaxValues;
constexpr std::size_t kMaxRank = 64;

/// What a file may name. Each is data to this reader; none is ever called.
constexpr std::array<std::string_view, 39> kAllowed{"collections OrderedDict",
                                                    "argparse Namespace",
                                                    "torch._utils _rebuild_tensor_v2",
                                                    "torch._utils _rebuild_parameter",
                                                    "torch Size",
                                                    "torch device",
                                                    "_codecs encode",
                                                    "__builtin__ set",
                                                    "builtins set",
                                                    "torch FloatStorage",
                                                    "torch HalfStorage",
                                                    "torch BFloat16Storage",
                                                    "torch DoubleStorage",
                                                    "torch LongStorage",
                                                    "torch IntStorage",
                                                    "torch ShortStorage",
                                                    "torch CharStorage",
                                                    "torch ByteStorage",
                                                    "torch BoolStorage",
                                                    "torch float16",
                                                    "torch float32",
                                                    "torch float64",
                                                    "torch bfloat16",
                                                    "torch half",
                                                    "torch float",
                                                    "torch double",
                                                    "torch int8",
                                                    "torch int16",
                                                    "torch int32",
                                                    "torch int64",
                                                    "torch uint8",
                                                    "torch bool",
                                                    "torch.jit._pickle build_intlist",
                                                    "torch.jit._pickle build_tensorlist",
                                                    "torch.jit._pickle build_doublelist",
                                                    "torch.jit._pickle build_boollist",
                                                    "torch contiguous_format",
                                                    "torch channels_last",
                                                    "torch strided"};

/// Classes of a TorchScript archive's own code; their instances are read as attributes, the code is not looked at.
bool is_script_class(std::string_view global) { return global.starts_with("__torch__."); }

[[noreturn]] void distrust(const std::string& what) {
  throw UntrustedCheckpointError("The checkpoint asks for " + what + ", which is more than data.",
                                 "Reading it would mean to run what it names, so it is refused. Save the weights again "
                                 "as a plain state dict or as safetensors, if you trust where they come from.");
}

class Machine {
 public:
  explicit Machine(std::span<const std::byte> bytes) : reader_(bytes, "the pickle") {}

  Pickle run() {
    while (step()) {
    }
    pickle_.root = pop();
    pickle_.size = reader_.position();
    return std::move(pickle_);
  }

 private:
  ValueId make(Value value) {
    if (pickle_.values.size() >= kMaxValues) throw_damaged("it has too many values");
    pickle_.values.push_back(std::move(value));
    return static_cast<ValueId>(pickle_.values.size() - 1);
  }
  ValueId make(ValueKind kind) {
    Value value;
    value.kind = kind;
    return make(std::move(value));
  }
  ValueId make_text(ValueKind kind, std::string_view text) {
    Value value;
    value.kind = kind;
    value.text = text;
    return make(std::move(value));
  }
  ValueId make_integer(ValueKind kind, std::int64_t integer) {
    Value value;
    value.kind = kind;
    value.integer = integer;
    return make(std::move(value));
  }
  ValueId make_items(ValueKind kind, std::vector<ValueId> items) {
    Value value;
    value.kind = kind;
    value.items = std::move(items);
    return make(std::move(value));
  }

  void push(ValueId id) { stack_.push_back(id); }
  ValueId pop() {
    if (stack_.size() <= floor()) throw_damaged("its pickle takes more than it has");
    const ValueId id = stack_.back();
    stack_.pop_back();
    return id;
  }
  Value& top() {
    if (stack_.size() <= floor()) throw_damaged("its pickle takes more than it has");
    return pickle_.values[stack_.back()];
  }
  [[nodiscard]] std::size_t floor() const noexcept { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<ValueId> pop_mark() {
    if (marks_.empty()) throw_damaged("its pickle has no mark where it needs one");
    const std::size_t mark = marks_.back();
    marks_.pop_back();
    std::vector<ValueId> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
    stack_.resize(mark);
    return items;
  }
  std::vector<ValueId> pop_many(std::size_t count) {
    std::vector<ValueId> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  void memoize(std::uint32_t index) {
    if (index > kMaxMemo) throw_damaged("its pickle remembers too much");
    (void)top();
    memo_[index] = stack_.back();
  }
  void recall(std::uint32_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) throw_damaged("its pickle recalls what it never stored");
    push(found->second);
  }

  void push_global(const std::string& module, const std::string& name) {
    const std::string global = module + " " + name;
    if (!is_script_class(global) && std::ranges::find(kAllowed, global) == kAllowed.end()) {
      distrust("\"" + module + "." + name + "\"");
    }
    push(make_text(ValueKind::global, global));
  }
  std::string line() {
    std::string text;
    for (;;) {
      const auto next = static_cast<char>(reader_.number<std::uint8_t>());
      if (next == '\n') return text;
      if (text.size() >= 1024) throw_damaged("its pickle has a name without an end");
      text += next;
    }
  }
  const std::string& text_of(ValueId id) {
    const Value& value = pickle_.values[id];
    if (value.kind != ValueKind::text) throw_damaged("its pickle has something else where a text belongs");
    return value.text;
  }
  std::int64_t integer_of(ValueId id) {
    const Value& value = pickle_.values[id];
    if (value.kind != ValueKind::integer) throw_damaged("its pickle has something else where a number belongs");
    return value.integer;
  }

  void append(std::vector<ValueId> added) {
    Value& target = top();
    if (target.kind != ValueKind::list) throw_damaged("its pickle appends to something that is no list");
    target.items.insert(target.items.end(), added.begin(), added.end());
  }
  void set_items(std::vector<ValueId> pairs) {
    Value& target = top();
    if (target.kind != ValueKind::dict || pairs.size() % 2 != 0)
      throw_damaged("its pickle fills something that is no dictionary");
    target.items.insert(target.items.end(), pairs.begin(), pairs.end());
  }

  void new_object() {
    const ValueId arguments = pop();
    const Value& type = pickle_.values[pop()];
    const bool plain =
        type.kind == ValueKind::global && (is_script_class(type.text) || type.text == "argparse Namespace");
    if (!plain || !pickle_.values[arguments].items.empty()) distrust("an instance of \"" + type.text + "\"");
    push(make_text(ValueKind::object, type.text));
  }
  void build() {
    const ValueId state = pop();
    Value& target = top();
    if (target.kind == ValueKind::dict) return;  // an OrderedDict's "_metadata": versions of modules
    if (target.kind != ValueKind::object) distrust("a state for something that has none");
    target.items = {state};
  }

  void reduce() {
    const ValueId arguments_id = pop();
    const Value callee = pickle_.values[pop()];
    if (callee.kind != ValueKind::global || pickle_.values[arguments_id].kind != ValueKind::tuple) {
      throw_damaged("its pickle calls something that cannot be called");
    }
    const std::vector<ValueId> arguments = pickle_.values[arguments_id].items;
    const std::string& name = callee.text;
    if (name == "torch._utils _rebuild_tensor_v2") return rebuild_tensor(arguments);
    if (name == "torch._utils _rebuild_parameter" && !arguments.empty()) return push(arguments[0]);
    if (name == "collections OrderedDict" && arguments.size() <= 1) return ordered_dict(arguments);
    if (name == "argparse Namespace" && arguments.empty()) return push(make_text(ValueKind::object, name));
    if (name == "torch device" && !arguments.empty()) return push(make_text(ValueKind::text, text_of(arguments[0])));
    if (name == "_codecs encode" && arguments.size() == 2)
      return push(make_text(ValueKind::bytes, text_of(arguments[0])));
    const bool wraps_a_list = name == "__builtin__ set" || name == "builtins set" || name == "torch Size" ||
                              name.starts_with("torch.jit._pickle ");
    if (wraps_a_list && arguments.size() == 1) {
      return push(make_items(ValueKind::list, std::vector<ValueId>(pickle_.values[arguments[0]].items)));
    }
    if (wraps_a_list && arguments.empty()) return push(make(ValueKind::list));
    distrust("a call of \"" + name + "\"");
  }
  void ordered_dict(const std::vector<ValueId>& arguments) {
    std::vector<ValueId> items;
    if (!arguments.empty()) {
      for (const ValueId pair : pickle_.values[arguments[0]].items) {
        const std::vector<ValueId>& both = pickle_.values[pair].items;
        if (both.size() != 2) throw_damaged("its pickle fills a dictionary with something that is no pair");
        items.insert(items.end(), both.begin(), both.end());
      }
    }
    push(make_items(ValueKind::dict, std::move(items)));
  }

  std::vector<std::int64_t> integers_of(ValueId id) {
    const Value& value = pickle_.values[id];
    if (value.kind != ValueKind::tuple && value.kind != ValueKind::list) throw_damaged("a tensor's shape is no list");
    if (value.items.size() > kMaxRank)
      throw_damaged("a tensor has " + std::to_string(value.items.size()) + " dimensions");
    std::vector<std::int64_t> numbers;
    for (const ValueId item : value.items) numbers.push_back(integer_of(item));
    return numbers;
  }
  void rebuild_tensor(const std::vector<ValueId>& arguments) {
    if (arguments.size() < 4 || pickle_.values[arguments[0]].kind != ValueKind::storage) {
      throw_damaged("a tensor has no storage");
    }
    TensorValue tensor;
    tensor.storage = static_cast<std::size_t>(pickle_.values[arguments[0]].integer);
    tensor.offset = integer_of(arguments[1]);
    tensor.shape = integers_of(arguments[2]);
    tensor.strides = integers_of(arguments[3]);
    if (tensor.shape.size() != tensor.strides.size())
      throw_damaged("a tensor has as many strides as it should not have");
    pickle_.tensors.push_back(std::move(tensor));
    push(make_integer(ValueKind::tensor, static_cast<std::int64_t>(pickle_.tensors.size() - 1)));
  }
  /// ('storage', type, key, location, elements[, view]); where it once was does not matter.
  void persistent() {
    const Value& id = pickle_.values[pop()];
    if (id.kind != ValueKind::tuple || id.items.size() < 5 || text_of(id.items[0]) != "storage") {
      throw_damaged("it refers to something that is no storage");
    }
    const Value& type = pickle_.values[id.items[1]];
    if (type.kind != ValueKind::global || !type.text.starts_with("torch ") || !type.text.ends_with("Storage")) {
      throw_damaged("a storage has no type");
    }
    StorageId storage{type.text.substr(6), text_of(id.items[2]), integer_of(id.items[4])};
    if (storage.elements < 0) throw_damaged("a storage has a negative size");
    pickle_.storages.push_back(std::move(storage));
    push(make_integer(ValueKind::storage, static_cast<std::int64_t>(pickle_.storages.size() - 1)));
  }

  /// Two's complement of any length; more than 64 bits is no number that weights need, but for the magic number.
  void long_integer(std::size_t length) {
    const auto bytes = reader_.take(length);
    if (length > 8) return push(make_text(ValueKind::bytes, {reinterpret_cast<const char*>(bytes.data()), length}));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < length; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    const bool negative = length > 0 && (std::to_integer<unsigned>(bytes[length - 1]) & 0x80U) != 0;
    if (negative && length < 8) value |= ~std::uint64_t{0} << (8 * length);
    push(make_integer(ValueKind::integer, static_cast<std::int64_t>(value)));
  }
  void big_endian_real() {
    std::uint64_t bits = 0;
    for (const std::byte byte : reader_.take(8)) bits = bits << 8U | std::to_integer<std::uint64_t>(byte);
    Value value;
    value.kind = ValueKind::real;
    value.real = std::bit_cast<double>(bits);
    push(make(std::move(value)));
  }

  bool step();
  bool step_data(std::uint8_t code);
  bool step_stack(std::uint8_t code);
  bool step_container(std::uint8_t code);
  bool step_object(std::uint8_t code);

  ByteReader reader_;
  Pickle pickle_;
  std::vector<ValueId> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, ValueId> memo_;
};

/// Constants.
bool Machine::step_data(std::uint8_t code) {
  switch (code) {
    case 'N':
      push(make(ValueKind::none));
      return true;
    case 0x88:
    case 0x89:
      push(make_integer(ValueKind::boolean, code == 0x88 ? 1 : 0));
      return true;
    case 'J':
      push(make_integer(ValueKind::integer, reader_.number<std::int32_t>()));
      return true;
    case 'K':
      push(make_integer(ValueKind::integer, reader_.number<std::uint8_t>()));
      return true;
    case 'M':
      push(make_integer(ValueKind::integer, reader_.number<std::uint16_t>()));
      return true;
    case 0x8a:
      long_integer(reader_.number<std::uint8_t>());
      return true;
    case 'G':
      big_endian_real();
      return true;
    case 'X':
      push(make_text(ValueKind::text, reader_.text(reader_.number<std::uint32_t>())));
      return true;
    case 0x8c:
    case 'U':
      push(make_text(ValueKind::text, reader_.text(reader_.number<std::uint8_t>())));
      return true;
    case 0x8d:
      push(make_text(ValueKind::text, reader_.text(reader_.number<std::uint64_t>())));
      return true;
    case 'B':
      push(make_text(ValueKind::bytes, reader_.text(reader_.number<std::uint32_t>())));
      return true;
    case 'C':
      push(make_text(ValueKind::bytes, reader_.text(reader_.number<std::uint8_t>())));
      return true;
    default:
      return false;
  }
}

/// The stack and the memo.
bool Machine::step_stack(std::uint8_t code) {
  switch (code) {
    case '(':
      marks_.push_back(stack_.size());
      if (marks_.size() > kMaxValues) throw_damaged("its pickle nests too deep");
      return true;
    case '0':
      (void)pop();
      return true;
    case '1':
      (void)pop_mark();
      return true;
    case '2':
      (void)top();
      push(stack_.back());
      return true;
    case 'q':
      memoize(reader_.number<std::uint8_t>());
      return true;
    case 'r':
      memoize(reader_.number<std::uint32_t>());
      return true;
    case 0x94:
      memoize(static_cast<std::uint32_t>(memo_.size()));
      return true;
    case 'h':
      recall(reader_.number<std::uint8_t>());
      return true;
    case 'j':
      recall(reader_.number<std::uint32_t>());
      return true;
    default:
      return false;
  }
}

bool Machine::step_container(std::uint8_t code) {
  switch (code) {
    case ')':
      push(make(ValueKind::tuple));
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      push(make_items(ValueKind::tuple, pop_many(code - 0x84U)));
      return true;
    case 't':
    case 0x91: {
      std::vector<ValueId> items = pop_mark();
      push(make_items(ValueKind::tuple, std::move(items)));
      return true;
    }
    case ']':
    case 0x8f:
      push(make(ValueKind::list));
      return true;
    case 'l': {
      std::vector<ValueId> items = pop_mark();
      push(make_items(ValueKind::list, std::move(items)));
      return true;
    }
    case 'a':
      append({pop()});
      return true;
    case 'e':
    case 0x90:
      append(pop_mark());
      return true;
    case '}':
      push(make(ValueKind::dict));
      return true;
    case 's':
      set_items(pop_many(2));
      return true;
    case 'u':
      set_items(pop_mark());
      return true;
    default:
      return false;
  }
}

bool Machine::step_object(std::uint8_t code) {
  switch (code) {
    case 'c': {
      const std::string module = line();
      push_global(module, line());
      return true;
    }
    case 0x93: {
      const std::string name = text_of(pop());
      push_global(text_of(pop()), name);
      return true;
    }
    case 'R':
      reduce();
      return true;
    case 0x81:
      new_object();
      return true;
    case 'b':
      build();
      return true;
    case 'Q':
      persistent();
      return true;
    case 0x82:
    case 0x83:
    case 0x84:
      distrust("an object of Python's extension registry");
    case 'i':
    case 'o':
    case 0x92:
      distrust("an object made in a way that torch.save never uses");
    default:
      return false;
  }
}

bool Machine::step() {
  const auto code = reader_.number<std::uint8_t>();
  if (code == '.') return false;
  if (code == 0x80) {
    if (reader_.number<std::uint8_t>() > 5) throw_damaged("its pickle has an unknown protocol");
    return true;
  }
  if (code == 0x95) {
    if (reader_.number<std::uint64_t>() > reader_.remaining())
      throw_damaged("a frame of its pickle goes beyond its end");
    return true;
  }
  if (step_data(code) || step_stack(code) || step_container(code) || step_object(code)) return true;
  throw_damaged("its pickle has the unknown opcode " + std::to_string(code));
}

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes) { return Machine(bytes).run(); }

}  // namespace inference_exp::checkpoint
