#include "torchscript_refusal.hpp"

#include <c10/util/Exception.h>

#include <string_view>

#include "common/failure.hpp"
#include "core/text.hpp"

namespace inference_exp::torch_backend {

using backend::Failure;

namespace {

constexpr std::size_t kLongestReason = 300;

}  // namespace

void distrust(const std::string& what) {
  throw Failure(IEXP_ERROR_UNTRUSTED, "The TorchScript archive " + what + ", which is more than computing on tensors.",
                "Loading or running it could do what it names, so it is refused. Export the network again, or use an "
                "ONNX package.");
}

void refuse_script(const std::string& what) {
  throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, "The TorchScript archive cannot be used: " + what + ".",
                "Download the file again, or export the network again with torch.jit.save.");
}

std::string reason_of(const std::exception& error) {
  const auto* const known = dynamic_cast<const c10::Error*>(&error);
  std::string_view text = known != nullptr ? known->what_without_backtrace() : error.what();
  if (text.find("Traceback of TorchScript") != text.npos) {
    const std::size_t last = text.rfind("Error: ");
    if (last != text.npos) text.remove_prefix(last + 7);
  }
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  text = shorten(text.substr(0, text.find('\n')), kLongestReason);
  return is_utf8_text(text) ? std::string(text) : "(an unreadable message)";
}

}  // namespace inference_exp::torch_backend
