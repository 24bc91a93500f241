// A deep stack for what recurses by the file's own depth.
#pragma once

#include <functional>

namespace inference_exp::torch_backend {

/// Runs `body` on a thread of its own with a stack of 512 MiB, of which only what is used takes memory, and waits for
/// it. What it throws is thrown here. Throws Failure (IEXP_ERROR_OUT_OF_MEMORY) where there is no room for the stack.
void run_on_deep_stack(const std::function<void()>& body);

}  // namespace inference_exp::torch_backend
