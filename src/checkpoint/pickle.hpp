// Python's pickle, read as inert data: values of a fixed set of kinds, made by a fixed set of globals. Nothing is
// called.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inference_exp::checkpoint {

using ValueId = std::uint32_t;

enum class ValueKind : std::uint8_t {
  none,
  boolean,
  integer,
  big_integer,  ///< text: two's complement of more than eight bytes, little-endian
  real,
  text,
  bytes,
  tuple,
  list,
  dict,    ///< items: key, value, key, value, ...
  object,  ///< text: its class; items[0]: its state, once set
  global,  ///< text: "module name"
  storage,
  tensor,
};

/// A storage as its persistent id names it.
struct StorageId {
  std::string type;  ///< such as "FloatStorage"
  std::string key;
  std::int64_t elements = 0;
};

/// One value; containers refer to others by number, so that no nesting makes anything recurse.
struct Value {
  ValueKind kind = ValueKind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string text{};
  std::vector<ValueId> items{};
};

/// A view of a storage, in elements.
struct TensorValue {
  std::size_t storage = 0;  ///< index into Pickle::storages
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
};

struct Pickle {
  std::vector<Value> values;
  std::vector<StorageId> storages;   ///< Value::integer of a storage is an index into it; keys are unique
  std::vector<TensorValue> tensors;  ///< Value::integer of a tensor is an index into it
  ValueId root = 0;
  std::size_t size = 0;  ///< bytes up to and with STOP

  [[nodiscard]] const Value& operator[](ValueId id) const { return values[id]; }
};

/// Reads the pickle that `bytes` starts with. Throws CorruptedModelPackageError for damage or for more values
/// or bytes than weights need, and
/// UntrustedCheckpointError for a global outside the allow-list or an opcode that would run something.
[[nodiscard]] Pickle read_pickle(std::span<const std::byte> bytes);

}  // namespace inference_exp::checkpoint
