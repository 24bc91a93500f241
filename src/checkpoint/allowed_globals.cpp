#include "checkpoint/allowed_globals.hpp"

#include <algorithm>
#include <array>

#include "inference_exp/errors.hpp"

namespace inference_exp::checkpoint {

namespace {

/// What a file may name. Each is data to this reader; none is ever called.
constexpr std::array<std::string_view, 39> kAllowed{"collections OrderedDict",
                                                    "argparse Namespace",
                                                    "torch._utils _rebuild_tensor_v2",
                                                    "torch._utils _rebuild_parameter",
                                                    "torch Size",
                                                    "torch device",
                                                    "_codecs encode",
                                                    "__builtin__ set",
                                                    "builtins set",
                                                    "torch FloatStorage",
                                                    "torch HalfStorage",
                                                    "torch BFloat16Storage",
                                                    "torch DoubleStorage",
                                                    "torch LongStorage",
                                                    "torch IntStorage",
                                                    "torch ShortStorage",
                                                    "torch CharStorage",
                                                    "torch ByteStorage",
                                                    "torch BoolStorage",
                                                    "torch float16",
                                                    "torch float32",
                                                    "torch float64",
                                                    "torch bfloat16",
                                                    "torch half",
                                                    "torch float",
                                                    "torch double",
                                                    "torch int8",
                                                    "torch int16",
                                                    "torch int32",
                                                    "torch int64",
                                                    "torch uint8",
                                                    "torch bool",
                                                    "torch.jit._pickle build_intlist",
                                                    "torch.jit._pickle build_tensorlist",
                                                    "torch.jit._pickle build_doublelist",
                                                    "torch.jit._pickle build_boollist",
                                                    "torch contiguous_format",
                                                    "torch channels_last",
                                                    "torch strided"};

}  // namespace

std::string global_of(std::string_view module, std::string_view name) {
  return std::string(module).append(" ").append(name);
}

bool is_script_class(std::string_view global) {
  return global.starts_with("__torch__.") || global.starts_with("__torch__ ");
}

bool is_allowed_global(std::string_view global) {
  return is_script_class(global) || std::ranges::find(kAllowed, global) != kAllowed.end();
}

void distrust(const std::string& what) {
  throw UntrustedCheckpointError("The checkpoint asks for " + what + ", which is more than data.",
                                 "Reading it would mean to run what it names, so it is refused. Save the weights again "
                                 "as a plain state dict or as safetensors, if you trust where they come from.");
}

}  // namespace inference_exp::checkpoint
