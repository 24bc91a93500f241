#include "checkpoint/pickle.hpp"

#include <bit>

#include "checkpoint/allowed_globals.hpp"
#include "checkpoint/byte_reader.hpp"
#include "checkpoint/pickle_machine.hpp"

namespace inference_exp::checkpoint {

/// Two's complement of any length.
void PickleMachine::long_integer(std::size_t length) {
  const auto bytes = reader_.take(length);
  if (length > 8) {
    return push(make_text(ValueKind::big_integer, {reinterpret_cast<const char*>(bytes.data()), length}));
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  const bool negative = length > 0 && (std::to_integer<unsigned>(bytes[length - 1]) & 0x80U) != 0;
  if (negative && length < 8) value |= ~std::uint64_t{0} << (8 * length);
  push(make_integer(ValueKind::integer, static_cast<std::int64_t>(value)));
}

void PickleMachine::big_endian_real() {
  std::uint64_t bits = 0;
  for (const std::byte byte : reader_.take(8)) bits = bits << 8U | std::to_integer<std::uint64_t>(byte);
  push(make(Value{.kind = ValueKind::real, .real = std::bit_cast<double>(bits)}));
}

/// Constants.
bool PickleMachine::step_data(std::uint8_t code) {
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
    case 'T':
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
bool PickleMachine::step_stack(std::uint8_t code) {
  switch (code) {
    case '(':
      mark();
      return true;
    case '0':
      (void)pop();
      return true;
    case '1':
      (void)pop_mark();
      return true;
    case '2':
      push(top_id());
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

bool PickleMachine::step_container(std::uint8_t code) {
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
      append(pop_many(1));
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

bool PickleMachine::step_object(std::uint8_t code) {
  switch (code) {
    case 'c': {
      const std::string module = line();
      push_global(module, line());
      return true;
    }
    case 0x93: {
      const ValueId name = pop();
      const ValueId module = pop();
      push_global(text_of(module), text_of(name));
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

bool PickleMachine::step() {
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

Pickle read_pickle(std::span<const std::byte> bytes) { return PickleMachine(bytes).run(); }

}  // namespace inference_exp::checkpoint
