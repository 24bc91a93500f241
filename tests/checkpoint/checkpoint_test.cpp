#include "checkpoint/checkpoint.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "checkpoint/crc32.hpp"
#include "inference_exp/errors.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensor_recipe.hpp"

namespace inference_exp::checkpoint {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::shared_dir;
using testing::TemporaryFolder;

std::filesystem::path file_of(const std::string& name) { return shared_dir() / "golden" / "checkpoints" / name; }

Json read_json(const std::filesystem::path& file) { return Json::parse(std::ifstream(file)); }

std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::vector<std::byte> bytes_of(const Checkpoint& checkpoint, const TensorEntry& tensor) {
  std::vector<std::byte> bytes(tensor.byte_size);
  checkpoint.read(tensor, bytes);
  const auto view = checkpoint.view(tensor);
  if (!view.empty()) {
    EXPECT_TRUE(std::ranges::equal(view, bytes)) << tensor.name;
  }
  return bytes;
}

/// Class and text of the error that reading everything in the file ends with; empty where it reads.
std::string refusal(const std::filesystem::path& file) {
  try {
    const auto opened = Checkpoint::open(file);
    for (const TensorEntry& tensor : opened->tensors()) (void)bytes_of(*opened, tensor);
    return "";
  } catch (const ModelLoadingError& error) {
    return std::string(error.name()) + ": " + error.what();
  }
}

struct StateDict {
  std::string file;
  std::string model;
  std::string prefix;
};

class GoodCheckpoint : public ::testing::TestWithParam<StateDict> {};

TEST_P(GoodCheckpoint, HoldsTheTensorsThatPythonSavedBitForBit) {
  const auto& [name, model, prefix] = GetParam();
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + name);
  const Json manifest = read_json(shared_dir() / "golden" / model / "manifest.json");
  const auto checkpoint = Checkpoint::open(file);
  std::size_t seen = 0;
  for (const Json& wanted : manifest.at("tensors")) {
    const TensorEntry* tensor = checkpoint->find(prefix + wanted.at("name").get<std::string>());
    if (tensor == nullptr) continue;
    ++seen;
    EXPECT_EQ(Json(tensor->shape), wanted.at("shape")) << tensor->name;
    if (tensor->dtype != DType::f32) continue;
    const auto scale = wanted.at("log2scale");
    const std::vector<float> values =
        testing::fill(wanted.at("name").get<std::string>(), tensor->element_count, wanted.at("base"),
                      scale.is_null() ? std::nullopt : std::optional<int>(scale.get<int>()));
    const std::vector<std::byte> bytes = bytes_of(*checkpoint, *tensor);
    ASSERT_EQ(bytes.size(), values.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(bytes.data(), values.data(), bytes.size()), 0) << tensor->name;
  }
  EXPECT_GE(seen, 12U);
}

INSTANTIATE_TEST_SUITE_P(Files, GoodCheckpoint,
                         ::testing::Values(StateDict{"rfdetr_tiny_stripped.pth", "rfdetr-tiny-p4", "model."},
                                           StateDict{"rfdetr_tiny_class_names.pth", "rfdetr-tiny-p4", "model."},
                                           StateDict{"rfdetr_tiny_training.pth", "rfdetr-tiny-p4", "model."},
                                           StateDict{"rfdetr_tiny_legacy.pth", "rfdetr-tiny-p4", "model."},
                                           StateDict{"rfdetr_tiny_fp16.pth", "rfdetr-tiny-p4", "model."},
                                           StateDict{"rfdetr_tiny_p3p5.pth", "rfdetr-tiny-p3p5", "model."},
                                           StateDict{"rfdetr_tiny_nano.pth", "rfdetr-tiny-nano", "model."},
                                           StateDict{"pe_tiny_cls.pt", "pe-tiny-cls", ""},
                                           StateDict{"pe_tiny_cls_wrapped.pt", "pe-tiny-cls", "state_dict.module."},
                                           StateDict{"clip_tiny_vit_torchscript.pt", "clip-tiny-vit", ""},
                                           StateDict{"clip_tiny_rn_torchscript.pt", "clip-tiny-rn", ""}));

class Zoo : public ::testing::TestWithParam<std::string> {};

TEST_P(Zoo, EveryTypeStrideAndSharedStorageReadsAsPythonHadIt) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  const Json index = read_json(file_of("index.json"));
  const auto checkpoint = Checkpoint::open(file);
  std::size_t seen = 0;
  for (const Json& good : index.at("good")) {
    if (good.at("file") != GetParam()) continue;
    for (const Json& pair : good.at("expect").at("dict")) {
      if (!pair[1].is_object() || !pair[1].contains("tensor")) continue;
      const Json& wanted = pair[1]["tensor"];
      const TensorEntry* tensor = checkpoint->find(pair[0].get<std::string>());
      ASSERT_NE(tensor, nullptr) << pair[0];
      ++seen;
      EXPECT_EQ(Json(tensor->shape), wanted.at("shape")) << pair[0];
      if (tensor->dtype != DType::f32) continue;
      const std::vector<std::byte> bytes = bytes_of(*checkpoint, *tensor);
      std::vector<float> values(tensor->element_count);
      if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
      for (std::size_t i = 0; i < wanted.at("first").size(); ++i) {
        const Json& first = wanted["first"][i];  // numbers that JSON has no value for are texts
        const float value = first.is_string() ? std::stof(first.get<std::string>()) : first.get<float>();
        EXPECT_TRUE(values[i] == value || (std::isnan(values[i]) && std::isnan(value))) << pair[0] << " " << i;
      }
    }
  }
  EXPECT_GE(seen, 10U);
}

INSTANTIATE_TEST_SUITE_P(Files, Zoo,
                         ::testing::Values("zoo.pth", "zoo_legacy.pth", "zoo_protocol4.pth", "zoo_torch2_layout.pth",
                                           "zoo.safetensors"));

TEST(Checkpoint, TellsSettingsThatAreNoTensors) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/rfdetr_tiny_stripped.pth");
  const auto checkpoint = Checkpoint::open(file);
  EXPECT_EQ(checkpoint->format(), Format::torch_zip);
  const Json& args = checkpoint->data().at("args");
  EXPECT_EQ(args.at("resolution"), 112);
  EXPECT_EQ(args.at("ema_decay"), 0.9997);
  EXPECT_EQ(args.at("class_names").at(4), "日本");
  EXPECT_EQ(args.at("resume"), "");
}

TEST(Checkpoint, NamesABareTensorAndAListByTheirPlace) {
  REQUIRE_SHARED(folder, "golden/checkpoints/good");
  EXPECT_EQ(Checkpoint::open(folder / "bare_tensor.pth")->tensors()[0].name, "");
  EXPECT_EQ(Checkpoint::open(folder / "list_of_tensors.pth")->tensors()[1].name, "1");
}

/// Valid archives whose contents only a network can refuse.
bool is_for_the_network(const std::string& name) { return name.starts_with("model_"); }

TEST(Checkpoint, RefusesEveryHostileFileWithATypedError) {
  REQUIRE_SHARED(file, "golden/checkpoints/index.json");
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  const Json index = read_json(file);
  for (const Json& bad : index.at("bad")) {
    const std::string name = bad.at("file");
    if (is_for_the_network(name)) {
      EXPECT_EQ(refusal(file_of("bad/" + name)), "") << name;
      continue;
    }
    const std::string text = refusal(file_of("bad/" + name));
    const bool evil = name.starts_with("evil_") || name == "unknown_storage.pth";  // names what is not on the list
    EXPECT_THAT(text, HasSubstr(evil ? "UntrustedCheckpointError" : "CorruptedModelPackageError")) << name;
    EXPECT_THAT(text, HasSubstr(name)) << "the error names the file";
  }
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // their own memory would be counted too
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 64 * 1024) << "kilobytes";
#endif
}

TEST(Checkpoint, SaysWhatItRefused) {
  REQUIRE_SHARED(folder, "golden/checkpoints/bad");
  EXPECT_THAT(refusal(folder / "evil_os_system.pth"), HasSubstr("system"));
  EXPECT_THAT(refusal(folder / "evil_dotted_name.pth"), HasSubstr("torch.serialization.os.system"));
  EXPECT_THAT(refusal(folder / "lfs_pointer.pth"), HasSubstr("git-lfs"));
  EXPECT_THAT(refusal(folder / "zip_crc_pickle.pth"), HasSubstr("checksum"));
}

class Damaged : public ::testing::TestWithParam<std::string> {};

TEST_P(Damaged, AFileCutAnywhereIsRefused) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  const std::string bytes = read_bytes(file);
  const TemporaryFolder folder;
  const std::filesystem::path cut = folder.path() / "cut";
  for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 150) {
    write_bytes(cut, std::string_view(bytes).substr(0, length));
    EXPECT_THAT(refusal(cut), Not("")) << length;
  }
}

TEST_P(Damaged, AFileWithOtherBytesReadsOrIsRefused) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  const std::string bytes = read_bytes(file);
  const TemporaryFolder folder;
  const std::filesystem::path changed = folder.path() / "changed";
  std::mt19937 random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 300; ++round) {
    std::string other = bytes;
    for (int i = 0; i < 1 + round % 4; ++i) other[random() % other.size()] = static_cast<char>(random());
    write_bytes(changed, other);
    refused += refusal(changed).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 10U);
}

INSTANTIATE_TEST_SUITE_P(Files, Damaged,
                         ::testing::Values("zoo.pth", "zoo_legacy.pth", "zoo.safetensors", "zoo_protocol4.pth"));

TEST(Checkpoint, AFlippedBitInATensorIsFoundWhenTheTensorIsRead) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/bare_tensor.pth");
  std::string bytes = read_bytes(file);
  const float five = 5;
  std::string needle(sizeof five, '\0');
  std::memcpy(needle.data(), &five, sizeof five);
  const std::size_t at = bytes.find(needle);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  const TemporaryFolder folder;
  write_bytes(folder.path() / "flipped.pth", bytes);
  const auto checkpoint = Checkpoint::open(folder.path() / "flipped.pth");
  EXPECT_THROW((void)bytes_of(*checkpoint, checkpoint->tensors()[0]), CorruptedModelPackageError);
}

TEST(Checkpoint, AMissingFileIsATypedError) {
  EXPECT_THROW((void)Checkpoint::open("no/such/file.pth"), CorruptedModelPackageError);
}

TEST(Crc32, TheFastSumEqualsThePlainOneAtEveryLengthAndOffset) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(300);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; start + length <= bytes.size(); ++length) {
      const auto piece = std::span<const std::byte>(bytes).subspan(start, length);
      ASSERT_EQ(crc32(piece), crc32_reference(piece)) << start << " " << length;
    }
  }
  const std::string_view digits = "123456789";
  EXPECT_EQ(crc32(std::as_bytes(std::span(digits.data(), digits.size()))), 0xCBF43926U);
}

}  // namespace
}  // namespace inference_exp::checkpoint
