// The two formats of torch.save: a zip archive since torch 1.6, a row of pickles before.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/tensor_file.hpp"
#include "checkpoint/zip_archive.hpp"

namespace inference_exp::checkpoint {

namespace {

/// 0x1950a86a20f9469cfc6c, little-endian.
constexpr std::string_view kLegacyMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::int64_t kLegacyProtocol = 1001;

std::uint64_t storage_size(const StorageId& storage) {
  std::uint64_t size = 0;
  if (__builtin_mul_overflow(static_cast<std::uint64_t>(storage.elements), dtype_size(storage_dtype(storage.type)),
                             &size)) {
    throw_damaged("a storage is larger than any memory");
  }
  return size;
}

void check_byte_order(const std::map<std::string, ZipRecord, std::less<>>& records) {
  const auto order = records.find("byteorder");
  if (order == records.end()) return;
  check_crc("byteorder", order->second);
  const std::string_view text(reinterpret_cast<const char*>(order->second.bytes.data()), order->second.bytes.size());
  if (text != "little") throw_damaged("it was saved on a big-endian machine, which is not supported");
}

}  // namespace

std::shared_ptr<const Checkpoint> read_torch_zip(MappedFile file) {
  const auto records = read_zip(file.bytes());
  check_byte_order(records);
  const auto pickled = records.find("data.pkl");
  if (pickled == records.end()) throw_damaged("there is no data.pkl in the archive");
  check_crc("data.pkl", pickled->second);
  const Pickle pickle = read_pickle(pickled->second.bytes);
  std::vector<StorageBytes> storages;
  for (const StorageId& storage : pickle.storages) {
    const auto record = records.find("data/" + storage.key);
    if (record == records.end()) throw_damaged("there is no record \"data/" + storage.key + "\"");
    if (record->second.bytes.size() < storage_size(storage)) {
      throw_damaged("the record \"data/" + storage.key + "\" is shorter than its storage");
    }
    storages.push_back({record->first, record->second.bytes, record->second.crc});
  }
  const Format format = records.contains("constants.pkl") ? Format::torch_script : Format::torch_zip;
  Contents contents = flatten(pickle);
  return std::make_shared<TensorFile>(std::move(file), format, std::move(contents), std::move(storages));
}

std::shared_ptr<const Checkpoint> read_torch_legacy(MappedFile file) {
  std::span<const std::byte> rest = file.bytes();
  const auto next = [&] {
    Pickle pickle = read_pickle(rest);
    rest = rest.subspan(pickle.size);
    return pickle;
  };
  const Pickle magic = next();
  if (magic[magic.root].text != kLegacyMagic) throw_damaged("it does not start as files of torch.save do");
  const Pickle protocol = next();
  if (protocol[protocol.root].integer != kLegacyProtocol) throw_damaged("it has an unknown protocol");
  const Json system = flatten(next()).data;
  if (system.value("little_endian", Json(true)) != Json(true)) throw_damaged("it was saved on a big-endian machine");
  const Pickle pickle = next();
  const Pickle keys = next();

  std::map<std::string, std::uint64_t, std::less<>> sizes;
  for (const StorageId& storage : pickle.storages) sizes[storage.key] = storage_size(storage);
  std::map<std::string, std::span<const std::byte>, std::less<>> found;
  ByteReader reader(rest, "the file");
  for (const ValueId id : keys[keys.root].items) {
    const auto expected = sizes.find(keys[id].text);
    if (expected == sizes.end()) throw_damaged("it has a storage that nothing refers to");
    const auto elements = reader.number<std::int64_t>();
    if (elements < 0) throw_damaged("a storage has a negative size");
    found[expected->first] = reader.take(expected->second);
  }
  std::vector<StorageBytes> storages;
  for (const StorageId& storage : pickle.storages) {
    const auto bytes = found.find(storage.key);
    if (bytes == found.end()) throw_damaged("the storage \"" + storage.key + "\" is missing");
    storages.push_back({storage.key, bytes->second, std::nullopt});
  }
  Contents contents = flatten(pickle);
  return std::make_shared<TensorFile>(std::move(file), Format::torch_legacy, std::move(contents), std::move(storages));
}

}  // namespace inference_exp::checkpoint
