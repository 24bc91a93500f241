#include "torchscript_archive.hpp"

#include <torch/csrc/jit/serialization/import.h>

#include <cstring>

#include "checkpoint/byte_reader.hpp"
#include "checkpoint/contents.hpp"
#include "checkpoint/crc32.hpp"
#include "checkpoint/pickle.hpp"
#include "checkpoint/zip_directory.hpp"
#include "core/tensor.hpp"
#include "core/text.hpp"
#include "torchscript_refusal.hpp"
#include "torchscript_source.hpp"
#include "torchscript_stack.hpp"

namespace inference_exp::torch_backend {

namespace {

constexpr std::uint64_t kMaxUnpacked = 16U << 20U;  ///< of one record that is compressed or read as a whole
constexpr std::uint64_t kMaxCode = 16U << 20U;      ///< of all code
constexpr std::uint64_t kMaxConfiguration = 1U << 20U;
constexpr std::string_view kNativeClasses = "__torch__.torch.classes";

class MappedAdapter final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit MappedAdapter(const std::string& path) : file_(std::filesystem::path(path)) {}

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return file_.bytes(); }
  [[nodiscard]] std::size_t size() const override { return bytes().size(); }
  std::size_t read(std::uint64_t position, void* buffer, std::size_t count, const char* /*what*/ = "") const override {
    if (position > size() || count > size() - position) checkpoint::throw_damaged("a record reaches beyond its end");
    std::memcpy(buffer, bytes().data() + position, count);
    return count;
  }

 private:
  checkpoint::MappedFile file_;
};

/// By name in lower case, because LibTorch looks records up without regard to case.
ScriptRecords read_records(std::span<const std::byte> file) {
  checkpoint::ZipDirectory directory = checkpoint::read_zip_directory(file);
  if (directory.has_comment) refuse_script("something follows its end");
  ScriptRecords records;
  for (checkpoint::ZipEntry& entry : directory.entries) {
    if (entry.stored_size > file.size() || (entry.method == 0 && entry.size != entry.stored_size)) {
      refuse_script("the record " + checkpoint::in_quotes(entry.full_name) + " has an impossible size");
    }
    const std::string name = entry.full_name;
    if (!records.emplace(lower_case(entry.name), std::move(entry)).second) {
      refuse_script("there are two records " + checkpoint::in_quotes(name));
    }
  }
  return records;
}

void check_classes(const checkpoint::Pickle& pickle) {
  for (const checkpoint::Value& value : pickle.values) {
    if (value.kind != checkpoint::ValueKind::object && value.kind != checkpoint::ValueKind::global) continue;
    std::string name = value.text;
    std::ranges::replace(name, ' ', '.');
    if (name.starts_with(kNativeClasses))
      distrust("makes an object of the native class " + checkpoint::in_quotes(name));
  }
}

}  // namespace

ScriptArchive::ScriptArchive(const std::string& path) {
  auto mapped = std::make_shared<MappedAdapter>(path);
  records_ = read_records(mapped->bytes());
  file_ = mapped->bytes();
  bytes_ = std::move(mapped);
  check_records();
  reader_ = std::make_unique<caffe2::serialize::PyTorchStreamReader>(bytes_);
  check_sums_and_code();
  check_pickle("constants.pkl", "constants/");
  check_pickle("data.pkl", "data/");
  const auto configuration = records_.find("extra/config.txt");
  if (configuration == records_.end() || configuration->second.size > kMaxConfiguration) return;
  at::DataPtr memory;
  configuration_ = unpack("extra/config.txt", memory);
}

void ScriptArchive::check_records() const {
  for (const char* name : {"data.pkl", "constants.pkl", "version"}) {
    if (!records_.contains(name)) refuse_script(std::string("there is no ") + name + " in it");
  }
  if (records_.contains("model.json")) refuse_script("it has the form that PyTorch wrote before 1.2");
  std::uint64_t code = 0;
  for (const auto& [name, record] : records_) {
    const bool whole = record.method != 0 || name.ends_with(".pkl") || name == "version" || name == "byteorder";
    if (whole && record.size > kMaxUnpacked) {
      refuse_script("the record " + checkpoint::in_quotes(name) + " would take more memory than any network needs");
    }
    if (name.starts_with("code/")) code += record.size;
  }
  if (code > 2 * kMaxCode) refuse_script("it has more code than any network");
}

std::string_view ScriptArchive::unpack(const std::string& name, at::DataPtr& memory) const {
  std::size_t size = 0;
  std::tie(memory, size) = reader_->getRecord(name);
  if (size != records_.at(lower_case(name)).size) refuse_script("its directory can be read in two ways");
  return {static_cast<const char*>(memory.get()), size};
}

/// LibTorch does not look at the sums.
void ScriptArchive::check_sum(const std::string& name) const {
  const auto record = records_.find(lower_case(name));
  if (record == records_.end()) refuse_script("its directory can be read in two ways");
  at::DataPtr memory;
  std::span<const std::byte> bytes;
  if (record->second.method != 0) {
    bytes = std::as_bytes(std::span(unpack(name, memory)));
  } else {
    const std::size_t offset = reader_->getRecordOffset(name);
    if (offset > file_.size() || record->second.size > file_.size() - offset) {
      refuse_script("the record " + checkpoint::in_quotes(name) + " reaches beyond the end of the file");
    }
    bytes = file_.subspan(offset, record->second.size);
  }
  if (checkpoint::crc32(bytes) != record->second.crc) {
    refuse_script("the record " + checkpoint::in_quotes(name) + " does not have the checksum that was stored with it");
  }
}

void ScriptArchive::check_sums_and_code() {
  SourceBudget budget;
  for (const std::string& name : reader_->getAllRecords()) {
    check_sum(name);
    const std::string lower = lower_case(name);
    // What stands beside the code says where it was in Python's files: data for error messages.
    if (!lower.starts_with("code/") || lower.ends_with(".debug_pkl")) continue;
    at::DataPtr memory;
    check_source(std::string(unpack(name, memory)), budget);
  }
}

void ScriptArchive::check_pickle(const std::string& name, const std::string& folder) {
  at::DataPtr memory;
  const std::string_view text = unpack(name, memory);
  const checkpoint::Pickle pickle = checkpoint::read_pickle(std::as_bytes(std::span(text)));
  check_classes(pickle);
  for (const checkpoint::StorageId& storage : pickle.storages) {
    const auto record = records_.find(lower_case(folder + storage.key));
    const std::uint64_t width = dtype_size(checkpoint::storage_dtype(storage.type));
    if (storage.elements < 0 || record == records_.end() || record->second.method != 0 ||
        record->second.size / width < static_cast<std::uint64_t>(storage.elements)) {
      refuse_script("the storage " + checkpoint::in_quotes(storage.key) + " is missing or shorter than was said of it");
    }
  }
  (void)checkpoint::flatten(pickle);  // tensors lie within their storages
}

torch::jit::Module ScriptArchive::load(at::Device device) const {
  torch::jit::Module module;
  // Types and functions are compiled where they are first named: as deep as they name each other.
  run_on_deep_stack([&] {
    torch::jit::ExtraFilesMap extra;
    module = torch::jit::load(bytes_, device, extra);
  });
  return module;
}

}  // namespace inference_exp::torch_backend
