// The graphs of a loaded TorchScript module, looked at before any of them runs.
#pragma once

#include <torch/csrc/jit/api/module.h>

namespace inference_exp::torch_backend {

/// Visits every method of the module and of all modules in it, and all that they call. Allowed are: operators of aten
/// that take and give tensors, numbers, devices and containers of these, but for those that change LibTorch's settings
/// or a tensor's storage; few of these that take text as well; and an exact list of LibTorch's own nodes (constants,
/// control flow, containers, attributes, calls). Everything else throws Failure with IEXP_ERROR_UNTRUSTED: files,
/// printing, threads, remote calls, native classes, operators of other libraries. IEXP_ERROR_CORRUPTED_PACKAGE for
/// attributes of another type than was declared, and for calls that would grow beyond every use when written out.
/// Not found out: whether a loop ends, and how much memory or time the operators take.
void check_graphs(const torch::jit::Module& module);

}  // namespace inference_exp::torch_backend
