// TorchScript networks, opened as a program opens them, from archives that LibTorch wrote.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <thread>
#include <vector>

#include "backends/torch/torchscript_modules.hpp"
#include "inference_exp/errors.hpp"
#include "runtime/backend_registry.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::runtime {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::saved;
using testing::script_module;
using testing::tamper;
using testing::yolo_module;

const NetworkOptions kSmall{{"format", "torchscript"}, {"input_shape", "1,3,16,16"}};

class TorchScript : public ::testing::Test {
 protected:
  static std::shared_ptr<const Session> open(const std::filesystem::path& file, const NetworkOptions& network = kSmall,
                                             const SessionOptions& options = {.intra_op_threads = 1}) {
    return open_session("torch-script", file, options, {}, network);
  }
  std::shared_ptr<const Session> open(const torch::jit::Module& module, const NetworkOptions& network = kSmall) {
    return open(saved(module, file_), network);
  }
  template <typename ErrorType>
  std::string thrown_by_file(const NetworkOptions& network = kSmall, const SessionOptions& options = {}) {
    try {
      (void)open(file_, network, options);
    } catch (const ErrorType& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  template <typename ErrorType>
  std::string thrown(const torch::jit::Module& module) {
    saved(module, file_);
    return thrown_by_file<ErrorType>();
  }
  std::string untrusted(const std::string& code) { return thrown<UntrustedCheckpointError>(script_module(code)); }

  const testing::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_ / "weights.torchscript";
};

std::vector<float> answer_of(const Session& session, const at::Tensor& input) {
  at::Tensor pixels = input.contiguous().clone();
  const auto request = session.create_request();
  const auto sizes = pixels.sizes();
  request->set_input(
      0, {.data = pixels.data_ptr(), .dtype = DType::f32, .shape = Shape{sizes[0], sizes[1], sizes[2], sizes[3]}});
  request->run();
  EXPECT_TRUE(pixels.equal(input)) << "the caller's memory was written to";
  std::vector<float> values;
  for (std::size_t i = 0; i < session.outputs().size(); ++i) {
    const TensorView output = request->output(i);
    values.insert(values.end(), output.floats().begin(), output.floats().end());
  }
  return values;
}

std::vector<float> values_of(const at::Tensor& tensor) {
  const at::Tensor compact = tensor.contiguous();
  return {compact.data_ptr<float>(), compact.data_ptr<float>() + compact.numel()};
}

TEST_F(TorchScript, TellsItsPortsInTheShapeThatItWasTold) {
  const auto session = open(yolo_module(5, 16));
  ASSERT_EQ(session->inputs().size(), 1U);
  EXPECT_EQ(session->inputs()[0].name, "images");
  EXPECT_EQ(session->inputs()[0].shape, (Shape{1, 3, 16, 16}));
  ASSERT_EQ(session->outputs().size(), 1U);
  EXPECT_EQ(session->outputs()[0].name, "output0");
  EXPECT_EQ(session->outputs()[0].shape, (Shape{1, 6, 5}));
}

TEST_F(TorchScript, AnswersWhatTheModuleAnswersFromTheFirstCallOn) {
  torch::jit::Module module = yolo_module(5, 16);
  const auto session = open(module);
  for (int i = 0; i < 4; ++i) {
    const at::Tensor picture = at::rand({1, 3, 16, 16});
    EXPECT_EQ(answer_of(*session, picture), values_of(module.forward({picture}).toTensor()));
  }
}

TEST_F(TorchScript, GivesTuplesAndListsAsOutputsByPosition) {
  const auto session = open(script_module(R"(
    def forward(self, x):
      return torch.flatten(x, 2), x[:, :2]
  )"));
  ASSERT_EQ(session->outputs().size(), 2U);
  EXPECT_EQ(session->outputs()[0].shape, (Shape{1, 3, 256}));
  EXPECT_EQ(session->outputs()[1].name, "output1");
  EXPECT_EQ(session->outputs()[1].shape, (Shape{1, 2, 16, 16}));
  EXPECT_EQ(open(script_module("def forward(self, x):\n  return [x, x, x]"))->outputs().size(), 3U);
}

TEST_F(TorchScript, DoesNotWriteIntoTheCallersPicture) {
  const auto session =
      open(script_module("def forward(self, x):\n  return torch.relu_(torch.sub_(x, 0.5)).view([-1])"));
  const at::Tensor picture = at::rand({1, 3, 16, 16});
  EXPECT_EQ(answer_of(*session, picture), values_of((picture - 0.5).relu().view({-1})));
}

TEST_F(TorchScript, AnOutputThatIsTheInputIsACopyOfIt) {
  const auto session = open(script_module("def forward(self, x):\n  return x"));
  at::Tensor picture = at::rand({1, 3, 16, 16});
  const auto request = session->create_request();
  request->set_input(0, {.data = picture.data_ptr(), .dtype = DType::f32, .shape = Shape{1, 3, 16, 16}});
  request->run();
  EXPECT_NE(request->output(0).data, picture.data_ptr());
}

TEST_F(TorchScript, ReadsTheShapeThatTheExportNotedWhereNoneIsGiven) {
  saved(yolo_module(5, 16), file_, {{"config.txt", R"({"batch": 2, "imgsz": [32, 64], "stride": 32})"}});
  const auto session = open(file_, {{"format", "torchscript"}});
  EXPECT_EQ(session->inputs()[0].shape, (Shape{2, 3, 32, 64}));
  EXPECT_THAT(session->metadata().at("config"), HasSubstr("stride"));
  saved(yolo_module(5, 16), file_, {{"config.txt", R"({"batch": "many"})"}});
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>({{"format", "torchscript"}}), HasSubstr("config.txt"));
  saved(yolo_module(5, 16), file_);
  EXPECT_THAT(thrown_by_file<InvalidParameterError>({{"format", "torchscript"}}), HasSubstr("shape"));
}

TEST_F(TorchScript, RefusesSettingsThatNothingCanBeMadeOf) {
  saved(yolo_module(5, 16), file_);
  for (const char* shape : {"", "1", "1,3,16", "1,4,16,16", "0,3,16,16", "1,3,16,16,1", "1,3,-16,16", "1,3,99999,16",
                            "1,3,1e3,4", "99999999999999999999,3,1,1", "16384,3,16384,16384"}) {
    EXPECT_THAT(thrown_by_file<InvalidParameterError>({{"format", "torchscript"}, {"input_shape", shape}}),
                HasSubstr("shape"))
        << shape;
  }
  EXPECT_THAT(thrown_by_file<InvalidParameterError>(kSmall, {.precision = "float16"}), HasSubstr("float32"));
  EXPECT_THAT(thrown_by_file<InvalidParameterError>({{"format", "sculpture"}}), HasSubstr("sculpture"));
}

TEST_F(TorchScript, HalfPrecisionWeightsNeedAGpu) {
  torch::jit::Module module = yolo_module(5, 16);
  module.to(at::kHalf);
  saved(module, file_);
  EXPECT_THAT(thrown_by_file<EnvironmentConfigurationError>(kSmall, {.device = "cpu"}), HasSubstr("float16"));
}

TEST_F(TorchScript, FourThreadsTimesFiftyRunsEqualOneThread) {
  const auto session = open(yolo_module(500, 16));
  std::vector<at::Tensor> pictures;
  std::vector<std::vector<float>> serial;
  for (int i = 0; i < 4; ++i) {
    pictures.push_back(at::rand({1, 3, 16, 16}));
    serial.push_back(answer_of(*session, pictures.back()));
  }
  std::vector<int> differing(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) differing[i] += answer_of(*session, pictures[i]) == serial[i] ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(differing, Each(0));
}

TEST_F(TorchScript, AGraphThatFailsSaysWhyWithoutATrace) {
  const std::string reason = thrown<ModelRuntimeError>(script_module(R"(
    def forward(self, x):
      return torch.cat([x, x[:, :, :3]], 1)
  )"));
  EXPECT_THAT(reason,
              AllOf(HasSubstr("Sizes of tensors must match"), Not(HasSubstr("Traceback")), Not(HasSubstr("\n"))));
  EXPECT_THAT(thrown<ModelRuntimeError>(
                  script_module("def forward(self, x):\n  assert bool(x.sum() > 1.), 'no picture'\n  return x")),
              AllOf(HasSubstr("no picture"), Not(HasSubstr("\n"))));
}

TEST_F(TorchScript, RefusesAForwardOfAnotherForm) {
  using Refusal = CorruptedModelPackageError;
  EXPECT_THAT(thrown<Refusal>(script_module("def backward(self, x):\n  return x")), HasSubstr("no forward"));
  EXPECT_THAT(thrown<Refusal>(script_module("def forward(self, x, y):\n  return x")), HasSubstr("one tensor"));
  EXPECT_THAT(thrown<Refusal>(script_module("def forward(self, x: int):\n  return x")), HasSubstr("one tensor"));
  EXPECT_THAT(thrown<Refusal>(script_module("def forward(self, x):\n  return 5")), HasSubstr("no tensors"));
  EXPECT_THAT(thrown<Refusal>(script_module("def forward(self, x):\n  return x, (x, x)")), HasSubstr("side by side"));
  EXPECT_EQ(open(script_module("def forward(self, x, more: bool=False):\n  return x"))->outputs().size(), 1U);
}

TEST_F(TorchScript, RefusesANetworkThatChangesWhileItRuns) {
  torch::jit::Module counter("__torch__.net.Net");
  counter.register_buffer("count", at::zeros({1}));
  counter.define("def forward(self, x):\n  self.count.add_(1.)\n  return x * self.count\n");
  EXPECT_THAT(thrown<CorruptedModelPackageError>(counter), HasSubstr("changes its own"));
  torch::jit::Module setter("__torch__.net.Net");
  setter.register_attribute("last", c10::TensorType::get(), at::zeros({1}));
  setter.define("def forward(self, x):\n  self.last = x\n  return x\n");
  EXPECT_THAT(thrown<UntrustedCheckpointError>(setter), HasSubstr("prim::SetAttr"));
}

TEST_F(TorchScript, RefusesOperatorsThatReachBeyondTensorsWhereverTheyStand) {
  const std::string target = (folder_ / "written").string();
  EXPECT_THAT(untrusted("def forward(self, x):\n  torch.save(x, '" + target + "')\n  return x"),
              HasSubstr("aten::save"));
  EXPECT_THAT(untrusted("def forward(self, x):\n  return x + torch.from_file('" + target + "', True, 1)"),
              HasSubstr("aten::from_file"));
  EXPECT_THAT(untrusted("def forward(self, x):\n  print(x)\n  return x"), HasSubstr("prim::Print"));
  EXPECT_THAT(untrusted("def forward(self, x):\n  torch.manual_seed(1)\n  return x"), HasSubstr("aten::manual_seed"));
  EXPECT_THAT(untrusted("def forward(self, x):\n  return x\ndef other(self, x):\n  torch.save(x, 'a')\n  return x"),
              HasSubstr("aten::save"));
  EXPECT_THAT(untrusted(R"(
    def inner(self, x):
      if bool(x.sum() > 1e9):
        for i in range(3):
          torch.save(x, 'a')
      return x
    def forward(self, x):
      return self.inner(x)
  )"),
              HasSubstr("aten::save"));
  torch::jit::Module parent("__torch__.net.Parent");
  parent.register_module("child", script_module("def forward(self, x):\n  torch.save(x, 'a')\n  return x"));
  parent.define("def forward(self, x):\n  return x\n");
  EXPECT_THAT(thrown<UntrustedCheckpointError>(parent), HasSubstr("aten::save"));
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(TorchScript, RefusesArchivesThatRunCodeWhileTheyAreLoaded) {
  const std::string target = (folder_ / "written").string();
  EXPECT_THAT(untrusted(R"(
    def __getstate__(self):
      return 1
    def __setstate__(self, state: int):
      torch.save(state, ')" +
                        target + R"(')
    def forward(self, x):
      return x
  )"),
              HasSubstr("__setstate__"));
  saved(yolo_module(5, 16), file_);
  tamper(file_, "net.py", "x: Tensor", "x: Tensor, y: Tensor=torch.from_file(\"" + target + "\", True, 1)");
  EXPECT_THAT(thrown_by_file<UntrustedCheckpointError>(), HasSubstr("default value"));
  saved(yolo_module(5, 16), file_);
  tamper(file_, "net.py", "  def forward",
         "  c : Final[Tensor] = torch.from_file(\"" + target + "\", True, 1)\n  def forward");
  EXPECT_THAT(thrown_by_file<UntrustedCheckpointError>(), HasSubstr("class constant"));
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(TorchScript, RefusesNativeClasses) {
  saved(yolo_module(5, 16), file_);
  tamper(file_, "net.py", "  def forward",
         "  packed : __torch__.torch.classes.quantized.LinearPackedParamsBase\n  def forward");
  EXPECT_THAT(thrown_by_file<UntrustedCheckpointError>(), HasSubstr("native class"));
  saved(yolo_module(5, 16), file_);
  tamper(file_, "data.pkl", "__torch__.net\nNet\n", "__torch__.torch.classes.quantized\nLinearPackedParamsBase\n");
  EXPECT_THAT(thrown_by_file<UntrustedCheckpointError>(), HasSubstr("native class"));
}

TEST_F(TorchScript, RefusesAttributesOfAnotherTypeThanDeclared) {
  saved(yolo_module(5, 16), file_);
  tamper(file_, "net.py", "  grid : Tensor", "  grid : int");
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), Not(HasSubstr("nothing")));
  torch::jit::Module module = script_module("def forward(self, x):\n  return x");
  module.register_attribute("flag", c10::BoolType::get(), true);
  saved(module, file_);
  tamper(file_, "net.py", "  flag : bool", "  flag : Tensor");
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), HasSubstr("\"flag\""));
}

std::string repeated(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST_F(TorchScript, RefusesCodeThatWouldExhaustTheStackOrTheMemory) {
  for (const std::string& deep :
       {repeated("(", 500000) + "x" + repeated(")", 500000), repeated("-", 500000) + "x",
        repeated("not ", 500000) + "x", "x" + repeated(".a", 500000), "x" + repeated("+x", 500000),
        "x" + repeated("[0]", 500000), repeated("x if x else ", 500000) + "x"}) {
    saved(script_module("def forward(self, x):\n  return x"), file_);
    tamper(file_, "net.py", "return x", "return " + deep);
    EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), HasSubstr("nests deeper"));
  }
  saved(script_module("def forward(self, x):\n  return x"), file_);
  tamper(file_, "net.py", "return x", "return x" + std::string(std::size_t{17} << 20U, '\n'));
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), AnyOf(HasSubstr("more code"), HasSubstr("more memory")));
}

TEST_F(TorchScript, RefusesChainsOfCallsAndOfClassesHoweverLong) {
  std::string functions;
  std::string classes;
  for (int i = 0; i < 4000; ++i) {
    const std::string next = std::to_string(i + 1);
    functions += "def f" + std::to_string(i) + "(x: Tensor) -> Tensor:\n  return __torch__.net.f" + next + "(x, )\n";
    classes += "class C" + std::to_string(i) +
               "(Module):\n  __parameters__ = []\n  __buffers__ = []\n  next : __torch__.net.C" + next + "\n";
  }
  functions += "def f4000(x: Tensor) -> Tensor:\n  return x\n";
  classes += "class C4000(Module):\n  __parameters__ = []\n  __buffers__ = []\n";
  saved(script_module("def forward(self, x):\n  return x"), file_);
  tamper(file_, "net.py", "class Net", functions + "class Net");
  tamper(file_, "net.py", "    return x", "    return __torch__.net.f0(x, )");
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), HasSubstr("too deeply"));
  saved(script_module("def forward(self, x):\n  return x"), file_);
  tamper(file_, "net.py", "class Net", classes + "class Net");
  tamper(file_, "net.py", "  def forward", "  first : __torch__.net.C0\n  def forward");
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), Not(HasSubstr("nothing was thrown")));
}

TEST_F(TorchScript, RefusesCallsThatDoubleAtEachStep) {
  std::string code = "def f0(self, x):\n  return x + 1\n";
  for (int i = 1; i < 40; ++i) {
    const std::string inner = "self.f" + std::to_string(i - 1);
    code += "def f" + std::to_string(i) + "(self, x):\n  return " + inner + "(x) + " + inner + "(x)\n";
  }
  EXPECT_THAT(thrown<CorruptedModelPackageError>(script_module(code + "def forward(self, x):\n  return self.f39(x)")),
              HasSubstr("too often"));
}

TEST_F(TorchScript, RefusesTensorsThatReachBeyondTheirRecords) {
  // Of the map [1, 6, 5], whose storage has 30 elements: 255 elements claimed, then a seventh row.
  saved(yolo_module(5, 16), file_);
  tamper(file_, "data.pkl", "K\x1etQ", "K\xfftQ");
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), HasSubstr("shorter"));
  saved(yolo_module(5, 16), file_);
  tamper(file_, "data.pkl", "K\x01K\x06K\x05t", "K\x01K\x07K\x05t");
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), HasSubstr("beyond"));
}

TEST_F(TorchScript, DamagedFilesFailWithATypedError) {
  saved(yolo_module(50, 16), file_);
  std::ifstream stream(file_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(file_, std::ios::binary) << bytes;
    try {
      (void)open(file_);
    } catch (const CorruptedModelPackageError&) {
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("garbage"));
  for (std::size_t length = 0; length < whole.size(); length += 97) EXPECT_TRUE(refused(whole.substr(0, length)));
  EXPECT_TRUE(refused(whole + "x"));
  std::string flipped = whole;
  flipped.at(whole.find("data.pkl") - 700) ^= 1;  // within the map, which stands before the pickle
  EXPECT_TRUE(refused(flipped));
  EXPECT_FALSE(refused(whole));
}

TEST_F(TorchScript, AMissingFileIsNamed) {
  EXPECT_THAT(thrown_by_file<CorruptedModelPackageError>(), HasSubstr("weights.torchscript"));
}

}  // namespace
}  // namespace inference_exp::runtime
