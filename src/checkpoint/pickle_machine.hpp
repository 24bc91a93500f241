// The stack machine that a pickle is a program for, over inert values.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/pickle.hpp"

namespace inference_exp::checkpoint {

/// Values, stack and memo with their bounds; what a pickle makes of them by name; the opcodes. One run per object.
class PickleMachine {
 public:
  explicit PickleMachine(std::span<const std::byte> bytes) : reader_(bytes, "the pickle") {}

  Pickle run();

 private:
  // Values. Every copy of bytes is charged: a few bytes of pickle can ask for the same megabyte again and again.
  void charge(std::size_t bytes);
  ValueId make(Value value);
  ValueId make(ValueKind kind) { return make(Value{.kind = kind}); }
  ValueId make_text(ValueKind kind, std::string_view text);
  ValueId make_integer(ValueKind kind, std::int64_t integer);
  ValueId make_items(ValueKind kind, std::vector<ValueId> items);
  [[nodiscard]] const std::string& text_of(ValueId id) const;
  [[nodiscard]] std::int64_t integer_of(ValueId id) const;
  [[nodiscard]] std::vector<std::int64_t> integers_of(ValueId id) const;

  // Stack and memo.
  void push(ValueId id);
  ValueId pop();
  [[nodiscard]] ValueId top_id() const;
  Value& top() { return pickle_.values[top_id()]; }
  void mark();
  std::vector<ValueId> pop_mark();
  std::vector<ValueId> pop_many(std::size_t count);
  [[nodiscard]] std::size_t floor() const noexcept { return marks_.empty() ? 0 : marks_.back(); }
  void memoize(std::uint32_t index);
  void recall(std::uint32_t index);

  // Containers, and what has a name.
  void add_items(Value& target, std::span<const ValueId> added);
  void append(std::span<const ValueId> added);
  void set_items(std::span<const ValueId> pairs);
  std::string line();
  void push_global(std::string_view module, std::string_view name);
  void new_object();
  void build();
  void reduce();
  void call(const std::string& name, const std::vector<ValueId>& arguments);
  void ordered_dict(const std::vector<ValueId>& arguments);
  void device(const std::vector<ValueId>& arguments);
  void bytes_from_latin1(std::string_view text);
  void rebuild_tensor(const std::vector<ValueId>& arguments);
  void persistent();

  // Opcodes. Each step_* tells whether the opcode was one of its own.
  bool step();
  bool step_data(std::uint8_t code);
  bool step_stack(std::uint8_t code);
  bool step_container(std::uint8_t code);
  bool step_object(std::uint8_t code);
  void long_integer(std::size_t length);
  void big_endian_real();

  ByteReader reader_;
  Pickle pickle_;
  std::vector<ValueId> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint32_t, ValueId> memo_;
  std::map<std::string, ValueId, std::less<>> storage_values_;  ///< by key
  std::size_t charged_ = 0;
};

}  // namespace inference_exp::checkpoint
