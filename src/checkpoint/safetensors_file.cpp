// safetensors: a length, a JSON header, bytes without gaps.
#include <algorithm>
#include <array>
#include <utility>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/tensor_file.hpp"

namespace inference_exp::checkpoint {

namespace {

constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::size_t kMaxRank = 64;

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

struct Extent {
  std::uint64_t begin = 0, end = 0;
};

Extent add_tensor(const std::string& name, const Json& described, std::uint64_t data_size, Contents& contents) {
  TensorEntry entry;
  entry.name = name;
  entry.dtype = dtype_of(member(described, "dtype"));
  entry.element_count = 1;
  const Json& shape = member(described, "shape");
  if (!shape.is_array() || shape.size() > kMaxRank) throw_damaged("a tensor's shape is no list of sizes");
  for (const Json& dim : shape) {
    const std::uint64_t extent = natural(dim);
    entry.shape.push_back(static_cast<std::int64_t>(extent));
    if (extent > data_size || __builtin_mul_overflow(entry.element_count, extent, &entry.element_count)) {
      throw_damaged("the tensor \"" + name + "\" is larger than the file");
    }
  }
  const Json& offsets = member(described, "data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) throw_damaged("a tensor's place is not two numbers");
  const Extent extent{natural(offsets[0]), natural(offsets[1])};
  entry.byte_size = entry.element_count * dtype_size(entry.dtype);
  if (entry.element_count > data_size || extent.begin > extent.end || extent.end > data_size ||
      extent.end - extent.begin != entry.byte_size) {
    throw_damaged("the tensor \"" + name + "\" is not where its header says");
  }
  contents.tensors.push_back(std::move(entry));
  return extent;
}

/// Tensors cover all of the data, each byte once.
void check_cover(std::vector<Extent> extents, std::uint64_t data_size) {
  std::ranges::sort(extents, {}, [](const Extent& extent) { return std::pair(extent.begin, extent.end); });
  std::uint64_t covered = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != covered) throw_damaged("its tensors overlap or leave gaps");
    covered = extent.end;
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
  std::vector<StorageBytes> storages;
  std::vector<Extent> extents;
  for (const auto& [name, described] : header.items()) {
    if (name == "__metadata__") {
      contents.data = described;
      continue;
    }
    const Extent extent = add_tensor(name, described, bytes.size(), contents);
    contents.places.push_back({storages.size(), 0, {}, true});
    storages.push_back({name, bytes.subspan(extent.begin, extent.end - extent.begin), std::nullopt});
    extents.push_back(extent);
  }
  check_cover(std::move(extents), bytes.size());
  return std::make_shared<TensorFile>(std::move(file), Format::safetensors, std::move(contents), std::move(storages));
}

}  // namespace inference_exp::checkpoint
