// Files that are damaged or mean harm.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <random>

#include "checkpoint/checkpoint.hpp"
#include "checkpoint_files.hpp"
#include "pickle_writer.hpp"

namespace inference_exp::checkpoint {
namespace {

using ::testing::AllOf;
using testing::checkpoint_file;
using ::testing::HasSubstr;
using testing::legacy_checkpoint;
using ::testing::Not;
using testing::read_json;
using testing::refusal;
using testing::refusal_in_memory;
using ::testing::StartsWith;
using testing::zeros;
namespace pickle = testing::pickle;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;  // sanitizers keep what was freed
#else
constexpr bool kMemoryIsOurs = true;
#endif

/// What the process has had in memory at most, in KiB. A test runs in a process of its own.
long peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// Refused as damage, with little memory.
void expect_bounded(const std::string& file) {
  const long before = peak_memory();
  EXPECT_THAT(refusal_in_memory(file), StartsWith("CorruptedModelPackageError"));
  if (kMemoryIsOurs) {
    EXPECT_LT(peak_memory() - before, 64 * 1024);
  }
}

TEST(HostileCheckpoint, EveryOneOfTheCollectionIsRefusedWithATypedErrorAndLittleMemory) {
  REQUIRE_SHARED(file, "golden/checkpoints/index.json");
  const Json index = read_json(file);
  const long before = peak_memory();
  std::size_t refused = 0;
  for (const Json& bad : index.at("bad")) {
    const std::string name = bad.at("file");
    const std::string text = refusal(checkpoint_file("bad/" + name));
    if (name.starts_with("model_")) {
      EXPECT_EQ(text, "") << name << " is sound; only a network can refuse it";
      continue;
    }
    ++refused;
    const bool asks_for_more = name.starts_with("evil_") || name == "unknown_storage.pth";
    EXPECT_THAT(text, StartsWith(asks_for_more ? "UntrustedCheckpointError" : "CorruptedModelPackageError")) << name;
    EXPECT_THAT(text, HasSubstr(name)) << "the error names the file";
  }
  EXPECT_GE(refused, 50U);
  if (kMemoryIsOurs) {
    EXPECT_LT(peak_memory() - before, 64 * 1024);
  }
}

TEST(HostileCheckpoint, TheErrorSaysWhatWasRefused) {
  REQUIRE_SHARED(folder, "golden/checkpoints/bad");
  EXPECT_THAT(refusal(folder / "evil_os_system.pth"), HasSubstr("\"posix.system\""));
  EXPECT_THAT(refusal(folder / "evil_eval_in_args.pth"), HasSubstr("eval"));
  EXPECT_THAT(refusal(folder / "evil_dotted_name.pth"), HasSubstr("\"torch.serialization.os.system\""));
  EXPECT_THAT(refusal(folder / "evil_ext_opcode.pth"), HasSubstr("extension registry"));
  EXPECT_THAT(refusal(folder / "lfs_pointer.pth"), HasSubstr("git-lfs"));
  EXPECT_THAT(refusal(folder / "zip_crc_pickle.pth"), HasSubstr("checksum"));
}

TEST(HostileCheckpoint, AWellFormedLegacyFileOfTheWriterReads) {
  const std::string root = pickle::list({pickle::tensor(pickle::storage("0", 6), {2, 3}, {3, 1})});
  EXPECT_EQ(refusal_in_memory(legacy_checkpoint(root, zeros(6))), "");
}

TEST(HostileCheckpoint, AStorageThatIsDescribedInTwoWaysIsRefused) {
  const std::string root = pickle::list({pickle::tensor(pickle::storage("0", 1'000'000), {1'000'000}, {1}),
                                         pickle::tensor(pickle::storage("0", 1), {1}, {1})});
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(1))), HasSubstr("in two ways"));
  const std::string types = pickle::list({pickle::tensor(pickle::storage("0", 1), {1}, {1}),
                                          pickle::tensor(pickle::storage("0", 1, "DoubleStorage"), {1}, {1})});
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(types, zeros(1))), HasSubstr("in two ways"));
}

TEST(HostileCheckpoint, AStorageWithAnotherCountThanThePickleSaysIsRefused) {
  const std::string root = pickle::list({pickle::tensor(pickle::storage("0", 2), {2}, {1})});
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(1))), HasSubstr("another size"));
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(3))), HasSubstr("another size"));
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(2), "}", "]")), HasSubstr("missing"));
  const std::string twice = pickle::list({pickle::text("0"), pickle::text("0")});
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(2) + zeros(2), "}", twice)), HasSubstr("twice"));
}

TEST(HostileCheckpoint, APartOfAStorageIsRefusedRatherThanReadFromTheWrongPlace) {
  const std::string view = "(" + pickle::text("storage") + pickle::global("torch", "FloatStorage") + pickle::text("0") +
                           pickle::text("cpu") + pickle::integer(4) + "(" + pickle::text("1") + pickle::integer(2) +
                           pickle::integer(2) + "ttQ";
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(pickle::list({pickle::tensor(view, {2}, {1})}), zeros(4))),
              HasSubstr("a part of another"));
}

TEST(HostileCheckpoint, ALegacyFileThatDoesNotDescribeItsMachineIsATypedError) {
  const std::string root = pickle::list({pickle::tensor(pickle::storage("0", 1), {1}, {1})});
  for (const std::string system : {"]", "K\x01", "N", "X\x01\x00\x00\x00x"}) {
    EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(1), system)), Not("")) << system;
  }
  const std::string big_endian = "}" + pickle::text("little_endian") + "\x89s";
  EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, zeros(1), big_endian)), HasSubstr("big-endian"));
}

TEST(HostileCheckpoint, AnEmptyTensorOfEnormousSizesReads) {
  constexpr std::int64_t kHuge = std::int64_t{1} << 40;
  const std::string root =
      pickle::list({pickle::tensor(pickle::storage("0", 1), {0, kHuge, kHuge}, {kHuge, kHuge, 1})});
  EXPECT_EQ(refusal_in_memory(legacy_checkpoint(root, zeros(1))), "");
}

// Each of these repeats a large piece by its memo slot: two bytes in the file, a megabyte in memory.
TEST(HostileCheckpoint, CopiesOfALongTextAreBounded) {
  const std::string megabyte(1'000'000, 'x');
  expect_bounded(legacy_checkpoint(pickle::global("_codecs", "encode") + pickle::put(0) + pickle::text(megabyte) +
                                       pickle::text("latin1") + "\x86" + pickle::put(1) +
                                       pickle::repeated(20'000, pickle::get(0) + pickle::get(1) + "R0") + "]",
                                   ""));
}

TEST(HostileCheckpoint, ALongTextInManyPlacesIsBounded) {
  const std::string megabyte(1'000'000, 'x');
  expect_bounded(legacy_checkpoint(
      pickle::text(megabyte) + pickle::put(0) + "](" + pickle::repeated(20'000, pickle::get(0)) + "e", "", "}", "]"));
}

TEST(HostileCheckpoint, ALongPathToManyValuesIsBounded) {
  const std::string megabyte(1'000'000, 'x');
  expect_bounded(
      legacy_checkpoint("}" + pickle::text(megabyte) + "](" + pickle::repeated(60'000, "K\x01") + "es", "", "}", "]"));
}

TEST(HostileCheckpoint, CopiesOfALongListAreBounded) {
  expect_bounded(legacy_checkpoint(pickle::global("builtins", "set") + pickle::put(0) + "](" +
                                       pickle::repeated(100'000, "K\x01") + "e\x85" + pickle::put(1) +
                                       pickle::repeated(20'000, pickle::get(0) + pickle::get(1) + "R0") + "]",
                                   ""));
}

TEST(HostileCheckpoint, AStackWithoutEndIsBounded) {
  expect_bounded(legacy_checkpoint("N" + pickle::repeated(8'000'000, "2"), ""));
}

TEST(HostileCheckpoint, MessagesStayShortAndPrintableWhateverIsNamed) {
  const std::string name = "\x1b[31m" + std::string(5000, 'n');
  const std::string stack_global = pickle::text("os") + pickle::text(name) + "\x93";
  const std::string text = refusal_in_memory(legacy_checkpoint(stack_global, ""));
  EXPECT_THAT(text, AllOf(StartsWith("UntrustedCheckpointError"), Not(HasSubstr("\x1b"))));
  EXPECT_LT(text.size(), 1000U);
  const std::string no_text = refusal_in_memory(legacy_checkpoint(pickle::global("\xff\xfe", "x"), ""));
  EXPECT_THAT(no_text, HasSubstr("(no text)"));
}

TEST(HostileCheckpoint, NothingThatIsNotOnTheListIsCalledOrGivenAState) {
  for (const std::string& root :
       {pickle::global("torch", "load") + ")R", pickle::global("torch.jit._pickle", "restore_type_tag") + ")R",
        pickle::global("collections", "OrderedDict") + "NN\x86R", pickle::global("torch", "Size") + ")\x81",
        pickle::global("torch", "float16") + ")R", pickle::global("__torch__.m", "M") + ")R",
        pickle::global("argparse", "Namespace") + "N\x85\x81", std::string("]}b"), pickle::text("os\nsystem") + "(i",
        pickle::global("torch FloatStorage", "x"), pickle::global("", "")}) {
    EXPECT_THAT(refusal_in_memory(legacy_checkpoint(root, "")), StartsWith("UntrustedCheckpointError"))
        << ::testing::PrintToString(root);
  }
}

class Damaged : public ::testing::TestWithParam<std::string> {};

TEST_P(Damaged, AFileCutAnywhereIsRefused) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  const std::string bytes = testing::read_text(file);
  for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 400) {
    EXPECT_THAT(refusal_in_memory(std::string_view(bytes).substr(0, length)), Not("")) << length;
  }
  EXPECT_THAT(refusal_in_memory(std::string_view(bytes).substr(0, bytes.size() - 1)), Not(""));
}

TEST_P(Damaged, AFileWithOtherBytesReadsOrIsRefused) {
  REQUIRE_SHARED(file, "golden/checkpoints/good/" + GetParam());
  const std::string bytes = testing::read_text(file);
  std::mt19937 random(7);
  std::size_t refused = 0;
  for (int round = 0; round < 500; ++round) {
    std::string other = bytes;
    for (int i = 0; i < 1 + round % 4; ++i) other[random() % other.size()] = static_cast<char>(random());
    refused += refusal_in_memory(other).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 10U);
}

INSTANTIATE_TEST_SUITE_P(Files, Damaged,
                         ::testing::Values("zoo.pth", "zoo_legacy.pth", "zoo.safetensors", "zoo_protocol4.pth",
                                           "zoo_torch2_layout.pth", "rfdetr_tiny_legacy.pth"));

}  // namespace
}  // namespace inference_exp::checkpoint
