#include "checkpoint/contents.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "checkpoint/byte_reader.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxVisits = 1U << 18U;  // values that many parents share are visited once for each
constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20U;  // of paths and texts, over all visits

struct StorageType {
  std::string_view name;
  DType dtype;
};
constexpr std::array<StorageType, 10> kStorageTypes{{{"FloatStorage", DType::f32},
                                                     {"HalfStorage", DType::f16},
                                                     {"BFloat16Storage", DType::bf16},
                                                     {"DoubleStorage", DType::f64},
                                                     {"LongStorage", DType::i64},
                                                     {"IntStorage", DType::i32},
                                                     {"ShortStorage", DType::i16},
                                                     {"CharStorage", DType::i8},
                                                     {"ByteStorage", DType::u8},
                                                     {"BoolStorage", DType::boolean}}};

bool is_compact(std::span<const std::int64_t> shape, std::span<const std::int64_t> strides) {
  std::int64_t expected = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

/// Two's complement, little-endian, as decimal digits.
std::string decimal(std::string_view bytes) {
  std::vector<std::uint32_t> magnitude;
  for (const char byte : bytes) magnitude.push_back(static_cast<unsigned char>(byte));
  const bool negative = (magnitude.back() & 0x80U) != 0;
  std::uint32_t carry = negative ? 1 : 0;
  for (std::uint32_t& byte : magnitude) {
    const std::uint32_t sum = (negative ? ~byte & 0xFFU : byte) + carry;
    byte = sum & 0xFFU;
    carry = sum >> 8U;
  }
  std::string digits;
  while (!magnitude.empty()) {
    std::uint32_t rest = 0;
    for (std::size_t i = magnitude.size(); i-- > 0;) {
      const std::uint32_t dividend = rest << 8U | magnitude[i];
      magnitude[i] = dividend / 10;
      rest = dividend % 10;
    }
    digits += static_cast<char>('0' + rest);
    while (!magnitude.empty() && magnitude.back() == 0) magnitude.pop_back();
  }
  if (negative) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

/// "torch.float16" as Python writes it.
std::string with_dot(std::string global) {
  std::ranges::replace(global, ' ', '.');
  return global;
}

class Flattener {
 public:
  explicit Flattener(const Pickle& pickle) : pickle_(pickle) {}

  Contents run() {
    Json data = visit(pickle_.root, "", 0);
    if (!data.is_null()) contents_.data = std::move(data);
    return std::move(contents_);
  }

 private:
  static std::string join(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
  }

  /// The value without its tensors; discarded where nothing else is in it.
  Json visit(ValueId id, const std::string& path, std::size_t depth) {
    if (depth > kMaxDepth) throw_damaged("its values nest deeper than " + std::to_string(kMaxDepth));
    if (++visits_ > kMaxVisits) throw_damaged("its values refer to each other too often");
    const Value& value = pickle_[id];
    charge(path.size() + value.text.size());
    switch (value.kind) {
      case ValueKind::none:
        return nullptr;
      case ValueKind::boolean:
        return value.integer != 0;
      case ValueKind::integer:
        return value.integer;
      case ValueKind::real:
        return std::isfinite(value.real) ? Json(value.real) : Json(std::to_string(value.real));
      case ValueKind::big_integer:
        return decimal(value.text);
      case ValueKind::text:
        return value.text;
      case ValueKind::global:
        return with_dot(value.text);
      case ValueKind::bytes:
        return std::to_string(value.text.size()) + " bytes";
      case ValueKind::tuple:
      case ValueKind::list:
        return visit_list(value, path, depth);
      case ValueKind::dict:
        return visit_dict(value, path, depth);
      case ValueKind::object:
        return value.items.empty() ? Json::object() : visit(value.items[0], path, depth + 1);
      case ValueKind::storage:
        return nullptr;
      case ValueKind::tensor:
        add_tensor(pickle_.tensors[static_cast<std::size_t>(value.integer)], path);
        return nullptr;
    }
    return nullptr;
  }

  void charge(std::size_t bytes) {
    if (bytes > kMaxTextBytes - charged_) throw_damaged("its names and texts need more memory than any weights do");
    charged_ += bytes;
  }

  Json visit_list(const Value& value, const std::string& path, std::size_t depth) {
    Json list = Json::array();
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      Json item = visit(value.items[i], join(path, std::to_string(i)), depth + 1);
      if (pickle_[value.items[i]].kind != ValueKind::tensor) list.push_back(std::move(item));
    }
    return list;
  }

  Json visit_dict(const Value& value, const std::string& path, std::size_t depth) {
    Json dict = Json::object();
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
      const std::string key = key_of(pickle_[value.items[i]]);
      charge(key.size());
      Json item = visit(value.items[i + 1], join(path, key), depth + 1);
      if (pickle_[value.items[i + 1]].kind != ValueKind::tensor) dict[key] = std::move(item);
    }
    return dict;
  }

  static std::string key_of(const Value& key) {
    if (key.kind == ValueKind::text) return key.text;
    if (key.kind == ValueKind::integer || key.kind == ValueKind::boolean) return std::to_string(key.integer);
    if (key.kind == ValueKind::real) return std::to_string(key.real);
    if (key.kind == ValueKind::none) return "None";
    throw_damaged("a dictionary has a key that is neither text nor number");
  }

  void add_tensor(const TensorValue& value, const std::string& path) {
    const StorageId& id = pickle_.storages[value.storage];
    TensorEntry entry;
    entry.name = path;
    entry.dtype = storage_dtype(id.type);
    entry.shape = value.shape;
    entry.element_count = check_extent(value, id);
    entry.byte_size = entry.element_count * dtype_size(entry.dtype);
    if (!names_.insert(path).second) throw_damaged("there are two tensors " + in_quotes(path));
    // Products of sizes were only checked to fit where there are elements.
    const bool compact = entry.element_count == 0 || is_compact(value.shape, value.strides);
    contents_.tensors.push_back(std::move(entry));
    contents_.places.push_back({value.storage, static_cast<std::uint64_t>(value.offset), value.strides, compact});
  }

  /// How many elements; all of them must be inside the storage, and no more than it holds: views that repeat elements
  /// could otherwise claim any amount of memory.
  static std::uint64_t check_extent(const TensorValue& value, const StorageId& storage) {
    if (value.offset < 0) throw_damaged("a tensor starts before its storage");
    std::int64_t count = 1;
    std::int64_t last = value.offset;
    bool empty = false;
    for (std::size_t i = 0; i < value.shape.size(); ++i) {
      const std::int64_t extent = value.shape[i];
      if (extent < 0 || value.strides[i] < 0) throw_damaged("a tensor has a negative size or stride");
      empty = empty || extent == 0;
    }
    if (empty) return 0;
    for (std::size_t i = 0; i < value.shape.size(); ++i) {
      std::int64_t reach = 0;
      if (__builtin_mul_overflow(count, value.shape[i], &count) ||
          __builtin_mul_overflow(value.shape[i] - 1, value.strides[i], &reach) ||
          __builtin_add_overflow(last, reach, &last)) {
        throw_damaged("a tensor is larger than any memory");
      }
    }
    if (last >= storage.elements || count > storage.elements) throw_damaged("a tensor reaches beyond its storage");
    return static_cast<std::uint64_t>(count);
  }

  const Pickle& pickle_;
  Contents contents_;
  std::unordered_set<std::string> names_;
  std::size_t visits_ = 0;
  std::size_t charged_ = 0;
};

}  // namespace

DType storage_dtype(const std::string& type) {
  const auto* const found = std::ranges::find(kStorageTypes, type, &StorageType::name);
  if (found == kStorageTypes.end())
    throw_damaged("a storage has the type " + in_quotes(type) + ", which is not supported");
  return found->dtype;
}

Contents flatten(const Pickle& pickle) { return Flattener(pickle).run(); }

}  // namespace inference_exp::checkpoint
