#include "checkpoint/checkpoint.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "checkpoint_files.hpp"
#include "support/sha256.hpp"
#include "support/temporary_folder.hpp"
#include "support/tensor_recipe.hpp"

namespace inference_exp::checkpoint {
namespace {

using testing::bytes_of;
using testing::checkpoint_file;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::read_json;
using testing::shared_dir;
using testing::TemporaryFolder;
using ::testing::UnorderedElementsAreArray;

/// What the golden index says of a good file.
Json expectation(const std::string& file) {
  const Json index = read_json(checkpoint_file("index.json"));
  for (const Json& good : index.at("good")) {
    if (good.at("file") == file) return good.at("expect");
  }
  throw std::runtime_error("the index does not name " + file);
}

DType dtype_called(const std::string& name) {
  static const std::map<std::string, DType> kNames{
      {"F32", DType::f32}, {"F16", DType::f16},     {"BF16", DType::bf16},       {"F64", DType::f64},
      {"I64", DType::i64}, {"I32", DType::i32},     {"torch.int16", DType::i16}, {"torch.int8", DType::i8},
      {"U8", DType::u8},   {"BOOL", DType::boolean}};
  return kNames.at(name);
}

template <typename T>
std::vector<std::byte> bytes_from(const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

/// A tensor of a manifest, as `dtype`.
std::vector<std::byte> recipe_bytes(const Json& described, DType dtype, std::size_t count) {
  const Json& scale = described.at("log2scale");
  const std::vector<float> values =
      testing::fill(described.at("name").get<std::string>(), count, described.at("base").get<double>(),
                    scale.is_null() ? std::nullopt : std::optional<int>(scale.get<int>()));
  if (dtype == DType::f32) return bytes_from(values);
  if (dtype == DType::i64) return bytes_from(std::vector<std::int64_t>(values.begin(), values.end()));
  std::vector<std::uint16_t> halves(values.size());
  std::ranges::transform(values, halves.begin(), testing::to_half);
  return bytes_from(halves);
}

struct StateDict {
  std::string file;
  std::string path;  ///< of the state dict
};

class GoodCheckpoint : public ::testing::TestWithParam<StateDict> {
 protected:
  static void expect_tensor(const Checkpoint& opened, const std::string& name, const Json& wanted, DType dtype) {
    const TensorEntry* tensor = opened.find(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(Json(tensor->shape), wanted.at("shape")) << name;
    ASSERT_EQ(tensor->dtype, dtype) << name;
    EXPECT_TRUE(bytes_of(opened, *tensor) == recipe_bytes(wanted, dtype, tensor->element_count)) << name;
  }
};

TEST_P(GoodCheckpoint, HoldsTheTensorsThatPythonSavedBitForBit) {
  const auto& [name, path] = GetParam();
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + name);
  const Json expect = expectation(name);
  const Json manifest = read_json(shared_dir() / "golden" / expect.at("state_dict_of") / "manifest.json");
  const std::size_t count = std::min(manifest.at("tensors").size(), expect.value("only_first", std::size_t{10'000}));
  ASSERT_GE(count, 12U);
  const auto opened = Checkpoint::open(file);
  for (std::size_t i = 0; i < count; ++i) {
    const Json& wanted = manifest["tensors"][i];
    expect_tensor(*opened, path + wanted.at("name").get<std::string>(), wanted,
                  dtype_called(expect.value("rounded_to", wanted.at("dtype").get<std::string>())));
  }
}

TEST_P(GoodCheckpoint, HoldsThemInTheOrderOfTheFileAndNoOthers) {
  const auto& [name, path] = GetParam();
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + name);
  const Json expect = expectation(name);
  const Json manifest = read_json(shared_dir() / "golden" / expect.at("state_dict_of") / "manifest.json");
  std::vector<std::string> wanted;
  for (const Json& tensor : manifest.at("tensors")) wanted.push_back(path + tensor.at("name").get<std::string>());
  wanted.resize(std::min(wanted.size(), expect.value("only_first", std::size_t{10'000})));
  for (const Json& extra : expect.value("extra", Json::array())) wanted.push_back(extra.get<std::string>());

  std::vector<std::string> seen;
  const auto opened = Checkpoint::open(file);
  for (const TensorEntry& tensor : opened->tensors()) {
    if (tensor.name.starts_with(path)) seen.push_back(tensor.name);
  }
  if (opened->format() == Format::torch_script) {
    EXPECT_THAT(seen, UnorderedElementsAreArray(wanted)) << "attributes have an order of their own";
  } else {
    EXPECT_THAT(seen, ElementsAreArray(wanted));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, GoodCheckpoint,
    ::testing::Values(StateDict{"rfdetr_tiny_stripped.pth", "model."},
                      StateDict{"rfdetr_tiny_class_names.pth", "model."},
                      StateDict{"rfdetr_tiny_training.pth", "model."}, StateDict{"rfdetr_tiny_legacy.pth", "model."},
                      StateDict{"rfdetr_tiny_fp16.pth", "model."}, StateDict{"rfdetr_tiny_p3p5.pth", "model."},
                      StateDict{"rfdetr_tiny_nano.pth", "model."}, StateDict{"pe_tiny_cls.pt", ""},
                      StateDict{"pe_tiny_cls_wrapped.pt", "state_dict.module."},
                      StateDict{"clip_tiny_vit_torchscript.pt", ""}, StateDict{"clip_tiny_rn_torchscript.pt", ""}));

/// How data() spells what the index says of a value that is no tensor.
Json as_data(const Json& value) {
  if (!value.is_object()) return value;
  for (const char* number : {"int", "float", "repr"}) {
    if (value.contains(number)) return value[number] == "device(type='cuda', index=0)" ? Json("cuda:0") : value[number];
  }
  if (value.contains("bytes")) return std::to_string(value["bytes"].get<std::string>().size() / 2) + " bytes";
  if (value.contains("dict")) {
    Json dict = Json::object();
    for (const Json& pair : value["dict"]) {
      if (pair[1].is_object() && pair[1].contains("tensor")) continue;
      dict[pair[0].is_string() ? pair[0].get<std::string>() : pair[0].dump()] = as_data(pair[1]);
    }
    return dict;
  }
  Json list = Json::array();
  for (const Json& item : value.begin().value()) {
    if (!item.is_object() || !item.contains("tensor")) list.push_back(as_data(item));
  }
  return list;
}

void expect_golden_tensor(const Checkpoint& opened, const std::string& name, const Json& wanted) {
  const TensorEntry* tensor = opened.find(name);
  ASSERT_NE(tensor, nullptr) << name;
  EXPECT_EQ(Json(tensor->shape), wanted.at("shape")) << name;
  EXPECT_EQ(tensor->dtype, dtype_called(wanted.at("dtype"))) << name;
  const std::vector<std::byte> bytes = bytes_of(opened, *tensor);
  EXPECT_EQ(testing::sha256(bytes), wanted.at("sha256_contiguous_le")) << name;
  const auto view = opened.view(*tensor);
  EXPECT_TRUE(view.empty() || std::ranges::equal(view, bytes)) << name;
}

class Zoo : public ::testing::TestWithParam<std::string> {};

TEST_P(Zoo, EveryTypeStrideAndSharedStorageReadsAsPythonHadIt) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  const Json expect = expectation(GetParam());
  const auto opened = Checkpoint::open(file);
  std::size_t seen = 0;
  for (const Json& pair : expect.at("dict")) {
    if (!pair[1].is_object() || !pair[1].contains("tensor")) continue;
    ++seen;
    expect_golden_tensor(*opened, pair[0].get<std::string>(), pair[1]["tensor"]);
  }
  EXPECT_GE(seen, 23U);
}

TEST_P(Zoo, EveryOtherValueIsInTheData) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  if (GetParam().ends_with(".safetensors")) return;  // holds tensors only
  Json data = Checkpoint::open(file)->data();
  Json& set = data.at("nested").at("set");
  std::sort(set.begin(), set.end());  // has no order in Python either
  EXPECT_EQ(data, as_data(expectation(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(Files, Zoo,
                         ::testing::Values("zoo.pth", "zoo_legacy.pth", "zoo_protocol4.pth", "zoo_torch2_layout.pth",
                                           "zoo.safetensors"));

TEST(Checkpoint, NamesABareTensorAndAListByTheirPlace) {
  REQUIRE_SHARED(folder, "golden/checkpoints/good");
  const auto bare = Checkpoint::open(folder / "bare_tensor.pth");
  ASSERT_EQ(bare->tensors().size(), 1U);
  expect_golden_tensor(*bare, "", expectation("bare_tensor.pth").at("tensor"));
  const auto list = Checkpoint::open(folder / "list_of_tensors.pth");
  ASSERT_EQ(list->tensors().size(), 2U);
  const Json wanted = expectation("list_of_tensors.pth").at("list");
  expect_golden_tensor(*list, "0", wanted[0].at("tensor"));
  expect_golden_tensor(*list, "1", wanted[1].at("tensor"));
}

TEST(Checkpoint, TellsWhatFormatAFileHas) {
  REQUIRE_SHARED(folder, "golden/checkpoints/good");
  EXPECT_EQ(format_name(Checkpoint::open(folder / "zoo.pth")->format()), "torch");
  EXPECT_EQ(format_name(Checkpoint::open(folder / "zoo_legacy.pth")->format()), "torch-legacy");
  EXPECT_EQ(format_name(Checkpoint::open(folder / "clip_tiny_vit_torchscript.pt")->format()), "torch-script");
  EXPECT_EQ(format_name(Checkpoint::open(folder / "zoo.safetensors")->format()), "safetensors");
}

TEST(Checkpoint, TellsSettingsThatAreNoTensors) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/rfdetr_tiny_stripped.pth");
  const auto opened = Checkpoint::open(file);
  const Json& args = opened->data().at("args");
  EXPECT_EQ(args.at("resolution"), 112);
  EXPECT_EQ(args.at("ema_decay"), 0.9997);
  EXPECT_EQ(args.at("class_names").at(4), "日本");
  EXPECT_EQ(args.at("resume"), "");
}

TEST(Checkpoint, ReadsFromMemoryWhatItReadsFromAFile) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/zoo.pth");
  const auto from_file = Checkpoint::open(file);
  const auto from_memory = Checkpoint::from_bytes(testing::as_bytes(testing::read_text(file)));
  ASSERT_EQ(from_memory->tensors().size(), from_file->tensors().size());
  for (const TensorEntry& tensor : from_file->tensors()) {
    EXPECT_EQ(bytes_of(*from_memory, *from_memory->find(tensor.name)), bytes_of(*from_file, tensor)) << tensor.name;
  }
  EXPECT_EQ(from_memory->data(), from_file->data());
}

TEST(Checkpoint, ViewsWithoutACopyWhereBytesLieAsTheyAreNeeded) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/zoo.pth");
  const auto opened = Checkpoint::open(file);
  EXPECT_EQ(opened->view(*opened->find("f32")).size(), 60U);
  EXPECT_TRUE(opened->view(*opened->find("transposed")).empty());
  EXPECT_EQ(opened->find("no such tensor"), nullptr);
}

TEST(Checkpoint, ManyThreadsReadAtOnce) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/rfdetr_tiny_class_names.pth");
  const auto opened = Checkpoint::open(file);
  std::vector<std::string> sums(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& sum : sums) {
      threads.emplace_back([&sum, &opened] {
        for (const TensorEntry& tensor : opened->tensors()) sum += testing::sha256(bytes_of(*opened, tensor));
      });
    }
  }
  EXPECT_FALSE(sums[0].empty());
  EXPECT_THAT(sums, ::testing::Each(sums[0]));
}

TEST(Checkpoint, AFlippedBitInATensorIsFoundWhenTheTensorIsRead) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/bare_tensor.pth");
  std::string bytes = testing::read_text(file);
  const float five = 5;
  std::string needle(sizeof five, '\0');
  std::memcpy(needle.data(), &five, sizeof five);
  const std::size_t at = bytes.find(needle);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  const auto opened = Checkpoint::from_bytes(testing::as_bytes(bytes));
  EXPECT_THROW((void)bytes_of(*opened, opened->tensors()[0]), CorruptedModelPackageError);
  EXPECT_THROW((void)opened->view(opened->tensors()[0]), CorruptedModelPackageError);
}

/// Megabytes of mapped files that are in this process's memory now.
double mapped_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stod(line.substr(8)) / 1024;
  }
  return -1;
}

TEST(Checkpoint, AForgottenTensorTakesNoMemoryAndReadsTheSameAgain) {
  constexpr std::size_t kSize = std::size_t{32} << 20;
  const TemporaryFolder folder;
  const std::string header =
      R"({"w":{"dtype":"U8","shape":[33554432],"data_offsets":[0,33554432]}})" + std::string(5, ' ');
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  file += header;
  for (std::size_t i = 0; i < kSize; ++i) file += static_cast<char>(i * 7 + i / 4096);
  std::ofstream(folder / "w.safetensors", std::ios::binary) << file;
  const auto opened = Checkpoint::open(folder / "w.safetensors");
  const TensorEntry& tensor = opened->tensors()[0];
  const std::vector<std::byte> before = bytes_of(*opened, tensor);
  const double touched = mapped_megabytes();
  opened->forget(tensor);
  EXPECT_LT(mapped_megabytes(), touched - 24);
  EXPECT_TRUE(bytes_of(*opened, tensor) == before);
  EXPECT_TRUE(std::ranges::equal(opened->view(tensor), before));
}

TEST(Checkpoint, WhatIsNoReadableFileIsATypedErrorThatNamesIt) {
  const TemporaryFolder folder;
  EXPECT_THAT(testing::refusal("no/such/file.pth"), HasSubstr("no/such/file.pth"));
  EXPECT_THAT(testing::refusal(folder.path()), HasSubstr("not a regular file"));
  std::ofstream(folder / "empty.pth").flush();
  EXPECT_THAT(testing::refusal(folder / "empty.pth"), HasSubstr("empty"));
}

}  // namespace
}  // namespace inference_exp::checkpoint
