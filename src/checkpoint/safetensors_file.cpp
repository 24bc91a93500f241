// safetensors: a length, a JSON header, bytes without gaps.
#include <algorithm>
#include <array>
#include <utility>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/tensor_file.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;

struct NamedType {
  std::string_view name;
  DType dtype;
};
constexpr std::array<NamedType, 10> kTypes{{{"F32", DType::f32},
                                            {"F16", DType::f16},
                                            {"BF16", DType::bf16},
                                            {"F64", DType::f64},
                                            {"I64", DType::i64},
                                            {"I32", DType::i32},
                                            {"I16", DType::i16},
                                            {"I8", DType::i8},
                                            {"U8", DType::u8},
                                            {"BOOL", DType::boolean}}};

std::uint64_t natural(const Json& value) {
  if (!value.is_number_unsigned()) throw_damaged("its header has something else where a size belongs");
  return value.get<std::uint64_t>();
}

const Json& member(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) throw_damaged(std::string("its header lacks \"") + key + "\"");
  return object[key];
}

DType dtype_of(const Json& value) {
  const auto* const found =
      value.is_string() ? std::ranges::find(kTypes, value.get<std::string>(), &NamedType::name) : kTypes.end();
  if (found == kTypes.end()) throw_damaged("a tensor has an unknown element type");
  return found->dtype;
}

struct Described {
  TensorEntry entry;
  std::uint64_t begin = 0;  ///< in the bytes behind the header
  std::uint64_t end = 0;
};

Described read_tensor(const std::string& name, const Json& described, std::uint64_t data_size) {
  TensorEntry entry;
  entry.name = name;
  entry.dtype = dtype_of(member(described, "dtype"));
  entry.element_count = 1;
  const Json& shape = member(described, "shape");
  if (!shape.is_array() || shape.size() > kMaxTensorRank) throw_damaged("a tensor's shape is no list of sizes");
  for (const Json& dim : shape) {
    const std::uint64_t extent = natural(dim);
    entry.shape.push_back(static_cast<std::int64_t>(extent));
    if (extent > data_size || __builtin_mul_overflow(entry.element_count, extent, &entry.element_count)) {
      throw_damaged("the tensor " + in_quotes(name) + " is larger than the file");
    }
  }
  const Json& offsets = member(described, "data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) throw_damaged("a tensor's place is not two numbers");
  const std::uint64_t begin = natural(offsets[0]);
  const std::uint64_t end = natural(offsets[1]);
  entry.byte_size = entry.element_count * dtype_size(entry.dtype);
  if (entry.element_count > data_size || begin > end || end > data_size || end - begin != entry.byte_size) {
    throw_damaged("the tensor " + in_quotes(name) + " is not where its header says");
  }
  return {std::move(entry), begin, end};
}

/// In the order of their bytes, tensors cover all of the data, each byte once.
void check_cover(std::span<const Described> tensors, std::uint64_t data_size) {
  std::uint64_t covered = 0;
  for (const Described& tensor : tensors) {
    if (tensor.begin != covered) throw_damaged("its tensors overlap or leave gaps");
    covered = tensor.end;
  }
  if (covered != data_size) throw_damaged("it has bytes that belong to no tensor");
}

}  // namespace

std::shared_ptr<const Checkpoint> read_safetensors(MappedFile file) {
  ByteReader reader(file.bytes(), "the file");
  const auto header_size = reader.number<std::uint64_t>();
  if (header_size > kMaxHeader) throw_damaged("its header is larger than any that is read");
  const Json header = parse_json(reader.text(header_size), "the header");
  if (!header.is_object()) throw_damaged("its header is no JSON object");
  const std::span<const std::byte> bytes = reader.take(reader.remaining());
  Contents contents;
  std::vector<Described> tensors;
  for (const auto& [name, described] : header.items()) {
    if (name == "__metadata__") {
      if (!described.is_object()) throw_damaged("its metadata is no JSON object");
      contents.data = described;
    } else {
      tensors.push_back(read_tensor(name, described, bytes.size()));
    }
  }
  std::ranges::stable_sort(tensors, {}, [](const Described& tensor) { return std::pair(tensor.begin, tensor.end); });
  check_cover(tensors, bytes.size());
  std::vector<StorageBytes> storages;
  for (Described& tensor : tensors) {
    contents.places.push_back({storages.size(), 0, {}, true});
    storages.push_back({tensor.entry.name, bytes.subspan(tensor.begin, tensor.end - tensor.begin), std::nullopt});
    contents.tensors.push_back(std::move(tensor.entry));
  }
  return std::make_shared<TensorFile>(std::move(file), Format::safetensors, std::move(contents), std::move(storages));
}

}  // namespace inference_exp::checkpoint
