// A plug-in that stands in for TensorRT's: its "engine" is the ONNX file itself, run by the ONNX plug-in, so that what
// is compiled really predicts. STAND_IN_COMPILER in the environment says how a build goes; STAND_IN_RECORD names a file
// that is told what was asked for.
#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/failure.hpp"
#include "inference_exp/backend.h"

namespace {

namespace fs = std::filesystem;
using inference_exp::backend::Failure;

constexpr std::int32_t kSteps = 5;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

const iexp_backend& onnx() {
  static const iexp_backend* const table = [] {
    void* library = dlopen(ONNX_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw Failure(IEXP_ERROR_MISSING_DEPENDENCY, "The ONNX plug-in does not open.");
    const auto entry = reinterpret_cast<iexp_backend_entry>(dlsym(library, INFERENCE_EXP_BACKEND_SYMBOL));
    return entry(INFERENCE_EXP_BACKEND_ABI_VERSION);
  }();
  return *table;
}

std::int32_t probe(iexp_key_value_sink sink, void* user, iexp_error*) {
  if (sink != nullptr) {
    sink(user, "version", "10.3.0");
    sink(user, "device", "cuda:0");
  }
  return IEXP_OK;
}

std::int32_t open(const iexp_open_request* request, iexp_session** session, iexp_error* error) {
  iexp_open_request on_cpu = *request;
  on_cpu.device = "cpu";
  return onnx().open(&on_cpu, session, error);
}

void report_steps(const iexp_compile_request& request) {
  const bool waits = environment("STAND_IN_COMPILER") == "waits";
  for (std::int32_t step = 0; step < kSteps || waits; ++step) {
    if (request.progress(request.user, "Building the stand-in", step % kSteps, kSteps) == 0) {
      throw Failure(IEXP_ERROR_CANCELLED, "The build was stopped.");
    }
    if (waits) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// How many batches there are, and the sum of all their values.
std::string calibrate(const iexp_compile_request& request) {
  if (request.calibration_batch == nullptr) return "none";
  const auto images = static_cast<std::size_t>(request.calibration_batch_size);
  std::vector<float> batch(images * 3 * 320 * 320);  // as the sample detector takes them
  std::size_t batches = 0;
  double sum = 0;
  while (request.calibration_batch(request.user, batch.data(), batch.size() * sizeof(float)) != 0) {
    ++batches;
    sum = std::accumulate(batch.begin(), batch.end(), sum);
  }
  return std::to_string(batches) + " of " + std::to_string(images) + (sum > 0 ? "" : ", empty");
}

std::string text_of(const char* text) { return text != nullptr ? text : "-"; }

void record(const iexp_compile_request& request, const std::string& calibration) {
  if (const std::string file = environment("STAND_IN_RECORD"); !file.empty()) {
    std::ofstream(file, std::ios::app) << "precision=" << text_of(request.precision) << " batch=" << request.batch_min
                                       << ":" << request.batch_opt << ":" << request.batch_max
                                       << " size=" << request.input_width << "x" << request.input_height
                                       << " workspace=" << request.workspace_bytes
                                       << " compatible=" << request.version_compatible
                                       << request.same_compute_capability << " device=" << text_of(request.device)
                                       << " calibration=" << calibration << "\n";
  }
}

void write_engine(const iexp_compile_request& request) {
  const std::string how = environment("STAND_IN_COMPILER");
  if (how == "unreadable") {
    std::ofstream(request.target_path) << "no engine";
  } else {
    fs::copy_file(request.source_path, request.target_path);
  }
  if (request.timing_cache_path != nullptr) std::ofstream(request.timing_cache_path) << "timings";
}

void report_facts(const iexp_compile_request& request) {
  const auto tell = [&](const char* key, const std::string& value) { request.facts(request.user, key, value.c_str()); };
  tell("runtime_version", "10.3.0");
  tell("device_name", "Tesla T4");
  tell("compute_capability", "7.5");
  tell("cuda_driver", "12040");
  tell("batch_min", std::to_string(request.batch_min));
  tell("batch_opt", std::to_string(request.batch_opt));
  tell("batch_max", std::to_string(request.batch_max));
}

std::int32_t compile(const iexp_compile_request* request, iexp_error* error) {
  return inference_exp::backend::guarded(error, [&] {
    if (environment("STAND_IN_COMPILER") == "fails") {
      std::ofstream(request->target_path) << "half an engine";
      throw Failure(IEXP_ERROR_DEVICE_MEMORY, "The stand-in ran out of memory.", "Give it more.");
    }
    report_steps(*request);
    record(*request, calibrate(*request));
    write_engine(*request);
    report_facts(*request);
  });
}

const iexp_backend& table() {
  static const iexp_backend made = [] {
    iexp_backend copy = onnx();
    copy.name = "trt";
    copy.probe = probe;
    copy.open = open;
    copy.session_device = nullptr;
    copy.request_stream = nullptr;
    copy.enqueue = nullptr;
    copy.get_device_output = nullptr;
    copy.compile = environment("STAND_IN_COMPILER") == "opens_only" ? nullptr : compile;
    return copy;
  }();
  return made;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(std::uint32_t) {
  try {
    return &table();
  } catch (...) {
    return nullptr;
  }
}
