#include "nvinfer_parsed_network.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

using backend::Failure;

#ifdef TENSORRT_HAS_ONNX_PARSER

struct ParsedNetwork::Parser {
  std::unique_ptr<nvonnxparser::IParser> parser;
};

namespace {

std::string text_of_error(const nvonnxparser::IParserError& error) {
  const auto text = [](const char* value) { return std::string(value != nullptr ? value : ""); };
  const std::string node = text(error.nodeName());
  const std::string type = text(error.nodeOperator());
  if (node.empty() && type.empty()) return text(error.desc());
  return type + (node.empty() ? "" : " \"" + node + "\"") + ": " + text(error.desc());
}

bool tells_of_file(nvonnxparser::ErrorCode code) {
  using nvonnxparser::ErrorCode;
  return code == ErrorCode::kMODEL_DESERIALIZE_FAILED || code == ErrorCode::kINVALID_GRAPH;
}

/// What the parser found, at most so many that the message stays one that is read.
[[noreturn]] void throw_unparsed(const nvonnxparser::IParser& parser, const std::string& file, const Reports& reports) {
  constexpr int kMaxErrors = 5;
  const int count = parser.getNbErrors();
  std::string found;
  bool corrupted = false;
  for (int i = 0; i < count; ++i) {
    const nvonnxparser::IParserError* error = parser.getError(i);
    if (error == nullptr) continue;
    corrupted = corrupted || tells_of_file(error->code());
    if (i < kMaxErrors) found += (found.empty() ? "" : "; ") + text_of_error(*error);
  }
  if (count > kMaxErrors) found += "; and " + std::to_string(count - kMaxErrors) + " more";
  if (reports.out_of_memory()) reports.throw_failure("TensorRT cannot read " + file);
  if (found.empty()) found = reports.text();
  if (corrupted) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "TensorRT cannot read " + file + " as an ONNX file: " + found + ".",
                  "Download or export the model again, complete.");
  }
  throw Failure(IEXP_ERROR_MODEL_RUNTIME, "TensorRT cannot run the network of " + file + ": " + found + ".",
                "Use a later TensorRT, or run the model with the onnx backend.");
}

/// False also for what a parser of 10.0, which may throw, throws.
bool parse_file(nvonnxparser::IParser& parser, const std::string& file) {
  try {
    return parser.parseFromFile(file.c_str(), static_cast<int>(nvinfer1::ILogger::Severity::kWARNING));
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

ParsedNetwork::ParsedNetwork(const NvInfer& library, CreateParser create_parser, const std::string& onnx_file,
                             const Reports& reports) {
  if (library.create_builder == nullptr) {
    throw Failure(IEXP_ERROR_MISSING_DEPENDENCY, library.path + " is a TensorRT that runs engines and builds none.",
                  "Install the whole TensorRT, and leave INFERENCE_EXP_TENSORRT unset or name its libnvinfer there.");
  }
  builder_.reset(static_cast<nvinfer1::IBuilder*>(library.create_builder(&logger(), library.spoken_version)));
  if (builder_ == nullptr) reports.throw_failure("TensorRT's builder cannot be started");
  builder_->setErrorRecorder(&error_recorder());
  network_.reset(builder_->createNetworkV2(0));
  if (network_ == nullptr) reports.throw_failure("TensorRT cannot make a network");
  void* parser = create_parser(network_.get(), &logger(), NV_ONNX_PARSER_VERSION);
  if (parser == nullptr) reports.throw_failure("TensorRT's ONNX parser cannot be started");
  parser_.reset(new Parser{std::unique_ptr<nvonnxparser::IParser>(static_cast<nvonnxparser::IParser*>(parser))});
  if (!parse_file(*parser_->parser, onnx_file)) throw_unparsed(*parser_->parser, onnx_file, reports);
}

#else

struct ParsedNetwork::Parser {};

ParsedNetwork::ParsedNetwork(const NvInfer& /*library*/, CreateParser /*create_parser*/,
                             const std::string& /*onnx_file*/, const Reports& /*reports*/) {
  throw Failure(IEXP_ERROR_MISSING_DEPENDENCY, "This plug-in was built without the header of TensorRT's ONNX parser.",
                "Build it where NvOnnxParser.h lies beside TensorRT's other headers.");
}

#endif

void ParsedNetwork::DeleteParser::operator()(Parser* parser) const noexcept { delete parser; }

std::vector<OnnxInput> ParsedNetwork::inputs() const {
  std::vector<OnnxInput> inputs;
  for (std::int32_t i = 0; i < network_->getNbInputs(); ++i) {
    const nvinfer1::ITensor& input = *network_->getInput(i);
    inputs.push_back({.name = input.getName(),
                      .type = element_type_of(input.getType()),
                      .shape = dimensions_of(input.getDimensions())});
  }
  return inputs;
}

}  // namespace inference_exp::tensorrt
