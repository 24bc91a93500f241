#include "session.hpp"

#include <cstddef>
#include <utility>

#include "common/failure.hpp"
#include "cuda_errors.hpp"
#include "open_options.hpp"
#include "plan_file.hpp"

namespace trt = inference_exp::tensorrt;

iexp_session::iexp_session(const inference_exp::cuda::Context& device_context, trt::InContext<trt::Engine> opened,
                           trt::Ports ports, bool cuda_graphs)
    : trt::Ports(std::move(ports)), context(&device_context), engine(std::move(opened)), lanes([this, cuda_graphs] {
        return std::make_unique<trt::ExecutionLane>(*engine, *this, *context, cuda_graphs);
      }) {}

namespace inference_exp::tensorrt {

using backend::Failure;

namespace {

InContext<Engine> deserialize(const std::string& file, const cuda::Context& context, bool host_code_allowed) {
  const std::vector<std::byte> plan = read_plan(file.c_str());
  try {
    return {library().deserialize(plan, host_code_allowed).release(), DeleteInContext{&context}};
  } catch (const Failure& failure) {
    throw Failure(failure.code(), "The engine file " + file + " cannot be opened. " + failure.what(), failure.hint());
  }
}

/// How many images the first profile takes at once, for the host's batches.
void describe_batch(iexp_session& session) {
  if (session.inputs.empty()) return;
  const ProfileShapes& profile = session.inputs.front().profiles.front();
  if (profile.min.empty()) return;
  session.metadata["runtime.batch_min"] = std::to_string(profile.min.front());
  session.metadata["runtime.batch_opt"] = std::to_string(profile.opt.front());
  session.metadata["runtime.batch_max"] = std::to_string(profile.max.front());
}

std::unique_ptr<iexp_session> open_on_device(const std::string& file, const OpenOptions& options) {
  require_device(options.device);
  const cuda::Context& context = cuda::Context::of_device(options.device);
  const cuda::ContextScope current(context);
  InContext<Engine> engine = deserialize(file, context, options.host_code_allowed);
  Ports ports = read_ports(*engine, file);
  auto session = std::make_unique<iexp_session>(context, std::move(engine), std::move(ports), options.cuda_graphs);
  session->metadata["runtime.device"] = "cuda:" + std::to_string(options.device);
  session->metadata["runtime.version"] = library().version();
  describe_batch(*session);
  return session;
}

}  // namespace

std::unique_ptr<iexp_session> open_session(const iexp_open_request& request) {
  const OpenOptions options = read_options(request);
  static_cast<void>(library());  // a missing TensorRT is a better answer than a missing file
  const std::string file = request.model_path != nullptr ? request.model_path : "";
  return with_cuda_errors([&] { return open_on_device(file, options); });
}

}  // namespace inference_exp::tensorrt
