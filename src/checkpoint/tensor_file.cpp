#include "checkpoint/tensor_file.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/crc32.hpp"

namespace inference_exp::checkpoint {

namespace {

/// The last line of defence, whatever the format's reader concluded: every element is inside the bytes that are there.
/// Sums of sizes times strides are known to fit 64 bits.
void check_place(const TensorEntry& tensor, const Placed& place, std::size_t available) {
  if (tensor.element_count == 0) return;
  std::uint64_t last = place.compact ? tensor.element_count - 1 : 0;
  for (std::size_t axis = 0; !place.compact && axis < tensor.shape.size(); ++axis) {
    last += static_cast<std::uint64_t>((tensor.shape[axis] - 1) * place.strides[axis]);
  }
  const std::uint64_t elements = available / dtype_size(tensor.dtype);
  if (place.offset >= elements || last >= elements - place.offset) {
    throw_damaged("the tensor " + in_quotes(tensor.name) + " reaches beyond its storage");
  }
}

}  // namespace

TensorFile::TensorFile(MappedFile file, Format format, Contents contents, std::vector<StorageBytes> storages)
    : file_(std::move(file)),
      format_(format),
      contents_(std::move(contents)),
      storages_(std::move(storages)),
      verified_(storages_.size()) {
  for (std::size_t i = 0; i < contents_.tensors.size(); ++i) {
    const TensorEntry& tensor = contents_.tensors[i];
    const Placed& place = contents_.places[i];
    check_place(tensor, place, storages_[place.storage].bytes.size());
    by_name_.emplace(tensor.name, i);
  }
}

const TensorEntry* TensorFile::find(std::string_view name) const noexcept {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &contents_.tensors[found->second];
}

const Placed& TensorFile::place_of(const TensorEntry& tensor) const {
  const auto found = by_name_.find(tensor.name);
  if (found == by_name_.end()) throw_damaged("there is no tensor " + in_quotes(tensor.name));
  return contents_.places[found->second];
}

std::span<const std::byte> TensorFile::verified(std::size_t storage) const {
  const StorageBytes& stored = storages_[storage];
  if (!stored.crc || verified_[storage].load(std::memory_order_acquire)) return stored.bytes;
  if (crc32(stored.bytes) != *stored.crc) {
    throw_damaged("the record " + in_quotes(stored.name) + " does not have the checksum that was stored with it");
  }
  verified_[storage].store(true, std::memory_order_release);
  return stored.bytes;
}

std::span<const std::byte> TensorFile::view(const TensorEntry& tensor) const {
  const Placed& place = place_of(tensor);
  if (!place.compact || tensor.byte_size == 0) return {};
  const std::size_t element = dtype_size(tensor.dtype);
  const auto bytes = verified(place.storage).subspan(place.offset * element, tensor.byte_size);
  return reinterpret_cast<std::uintptr_t>(bytes.data()) % element == 0 ? bytes : std::span<const std::byte>();
}

void TensorFile::read(const TensorEntry& tensor, std::span<std::byte> destination) const {
  const Placed& place = place_of(tensor);
  if (destination.size() != tensor.byte_size) throw_damaged("a tensor was asked for in another size than it has");
  if (tensor.byte_size == 0) return;
  const std::size_t element = dtype_size(tensor.dtype);
  const std::byte* const start = verified(place.storage).data() + place.offset * element;
  if (place.compact) {
    std::memcpy(destination.data(), start, destination.size());
    return;
  }
  std::vector<std::int64_t> index(tensor.shape.size(), 0);
  for (std::size_t i = 0; i < tensor.element_count; ++i) {
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis) offset += index[axis] * place.strides[axis];
    std::memcpy(destination.data() + i * element, start + static_cast<std::size_t>(offset) * element, element);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < tensor.shape[axis]) break;
      index[axis] = 0;
    }
  }
}

void TensorFile::forget(const TensorEntry& tensor) const noexcept {
  const auto found = by_name_.find(tensor.name);
  if (found == by_name_.end()) return;
  const Placed& place = contents_.places[found->second];
  const std::span<const std::byte> storage = storages_[place.storage].bytes;
  const std::size_t start = place.offset * dtype_size(tensor.dtype);
  file_.forget(place.compact && tensor.byte_size > 0 ? storage.subspan(start, tensor.byte_size) : storage);
}

}  // namespace inference_exp::checkpoint
