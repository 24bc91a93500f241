#include "checkpoint/pickle_machine.hpp"

#include "checkpoint/byte_reader.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::size_t kMaxValues = 1U << 18U;  // the largest published training checkpoint has a tenth of it
constexpr std::size_t kMaxStack = 4 * kMaxValues;
constexpr std::uint32_t kMaxMemo = kMaxValues;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20U;

}  // namespace

Pickle PickleMachine::run() {
  while (step()) {
  }
  pickle_.root = pop();
  pickle_.size = reader_.position();
  return std::move(pickle_);
}

void PickleMachine::charge(std::size_t bytes) {
  if (bytes > kMaxBytes - charged_) throw_damaged("its pickle needs more memory than any weights do");
  charged_ += bytes;
}

ValueId PickleMachine::make(Value value) {
  if (pickle_.values.size() >= kMaxValues) throw_damaged("it has too many values");
  pickle_.values.push_back(std::move(value));
  return static_cast<ValueId>(pickle_.values.size() - 1);
}

ValueId PickleMachine::make_text(ValueKind kind, std::string_view text) {
  charge(text.size());
  return make(Value{.kind = kind, .text = std::string(text)});
}

ValueId PickleMachine::make_integer(ValueKind kind, std::int64_t integer) {
  return make(Value{.kind = kind, .integer = integer});
}

ValueId PickleMachine::make_items(ValueKind kind, std::vector<ValueId> items) {
  charge(items.size() * sizeof(ValueId));
  return make(Value{.kind = kind, .items = std::move(items)});
}

const std::string& PickleMachine::text_of(ValueId id) const {
  const Value& value = pickle_[id];
  if (value.kind != ValueKind::text) throw_damaged("its pickle has something else where a text belongs");
  return value.text;
}

std::int64_t PickleMachine::integer_of(ValueId id) const {
  const Value& value = pickle_[id];
  if (value.kind != ValueKind::integer) throw_damaged("its pickle has something else where a number belongs");
  return value.integer;
}

std::vector<std::int64_t> PickleMachine::integers_of(ValueId id) const {
  const Value& value = pickle_[id];
  if (value.kind != ValueKind::tuple && value.kind != ValueKind::list) throw_damaged("a tensor's shape is no list");
  if (value.items.size() > kMaxTensorRank) {
    throw_damaged("a tensor has " + std::to_string(value.items.size()) + " dimensions");
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(value.items.size());
  for (const ValueId item : value.items) numbers.push_back(integer_of(item));
  return numbers;
}

void PickleMachine::push(ValueId id) {
  if (stack_.size() >= kMaxStack) throw_damaged("its pickle puts aside too much");
  stack_.push_back(id);
}

ValueId PickleMachine::pop() {
  const ValueId id = top_id();
  stack_.pop_back();
  return id;
}

ValueId PickleMachine::top_id() const {
  if (stack_.size() <= floor()) throw_damaged("its pickle takes more than it has");
  return stack_.back();
}

void PickleMachine::mark() {
  if (marks_.size() >= kMaxValues) throw_damaged("its pickle nests too deep");
  marks_.push_back(stack_.size());
}

std::vector<ValueId> PickleMachine::pop_mark() {
  if (marks_.empty()) throw_damaged("its pickle has no mark where it needs one");
  const std::size_t mark = marks_.back();
  marks_.pop_back();
  std::vector<ValueId> items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark);
  return items;
}

std::vector<ValueId> PickleMachine::pop_many(std::size_t count) {
  std::vector<ValueId> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  return items;
}

void PickleMachine::memoize(std::uint32_t index) {
  if (index > kMaxMemo) throw_damaged("its pickle remembers too much");
  memo_[index] = top_id();
}

void PickleMachine::recall(std::uint32_t index) {
  const auto found = memo_.find(index);
  if (found == memo_.end()) throw_damaged("its pickle recalls what it never stored");
  push(found->second);
}

void PickleMachine::add_items(Value& target, std::span<const ValueId> added) {
  charge(added.size() * sizeof(ValueId));
  target.items.insert(target.items.end(), added.begin(), added.end());
}

void PickleMachine::append(std::span<const ValueId> added) {
  if (top().kind != ValueKind::list) throw_damaged("its pickle appends to something that is no list");
  add_items(top(), added);
}

void PickleMachine::set_items(std::span<const ValueId> pairs) {
  if (top().kind != ValueKind::dict || pairs.size() % 2 != 0) {
    throw_damaged("its pickle fills something that is no dictionary");
  }
  add_items(top(), pairs);
}

}  // namespace inference_exp::checkpoint
