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

/// The legacy format's record about the machine that wrote it.
void check_system(const Pickle& pickle) {
  if (pickle[pickle.root].kind != ValueKind::dict) throw_damaged("it does not say on what machine it was saved");
  const Json system = flatten(pickle).data;
  const auto order = system.find("little_endian");
  if (order != system.end() && *order != Json(true)) throw_damaged("it was saved on a big-endian machine");
}

/// The storages behind the pickles, in the order of `keys`: a count of elements, then the elements.
std::vector<StorageBytes> legacy_storages(const Pickle& pickle, const Pickle& keys, std::span<const std::byte> rest) {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < pickle.storages.size(); ++i) places.emplace(pickle.storages[i].key, i);
  std::vector<StorageBytes> storages(pickle.storages.size());
  std::vector<bool> found(storages.size(), false);
  ByteReader reader(rest, "the file");
  for (const ValueId id : keys[keys.root].items) {
    const auto place = places.find(keys[id].text);
    if (place == places.end()) throw_damaged("it has a storage that nothing refers to");
    const StorageId& storage = pickle.storages[place->second];
    if (found[place->second]) throw_damaged("the storage " + in_quotes(storage.key) + " is there twice");
    if (reader.number<std::int64_t>() != storage.elements) {
      throw_damaged("the storage " + in_quotes(storage.key) + " has another size than was said of it");
    }
    storages[place->second] = {storage.key, reader.take(storage_size(storage)), std::nullopt};
    found[place->second] = true;
  }
  const auto missing = std::ranges::find(found, false);
  if (missing != found.end()) {
    const auto index = static_cast<std::size_t>(missing - found.begin());
    throw_damaged("the storage " + in_quotes(pickle.storages[index].key) + " is missing");
  }
  return storages;
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
    if (record == records.end()) throw_damaged("there is no record " + in_quotes("data/" + storage.key));
    if (record->second.bytes.size() < storage_size(storage)) {
      throw_damaged("the record " + in_quotes(record->first) + " is shorter than its storage");
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
  check_system(next());
  const Pickle pickle = next();
  const Pickle keys = next();
  std::vector<StorageBytes> storages = legacy_storages(pickle, keys, rest);
  Contents contents = flatten(pickle);
  return std::make_shared<TensorFile>(std::move(file), Format::torch_legacy, std::move(contents), std::move(storages));
}

}  // namespace inference_exp::checkpoint
