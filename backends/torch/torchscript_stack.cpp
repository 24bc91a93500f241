#include "torchscript_stack.hpp"

#include <pthread.h>

#include <cstddef>
#include <exception>

#include "common/failure.hpp"

namespace inference_exp::torch_backend {

namespace {

constexpr std::size_t kStackSize = std::size_t{512} << 20U;

struct Task {
  const std::function<void()>& body;
  std::exception_ptr thrown{};
};

void* run(void* argument) {
  auto& task = *static_cast<Task*>(argument);
  try {
    task.body();
  } catch (...) {
    task.thrown = std::current_exception();
  }
  return nullptr;
}

}  // namespace

void run_on_deep_stack(const std::function<void()>& body) {
  Task task{body};
  pthread_attr_t attributes;
  pthread_t thread{};
  bool started = pthread_attr_init(&attributes) == 0;
  if (started) {
    started = pthread_attr_setstacksize(&attributes, kStackSize) == 0 &&
              pthread_create(&thread, &attributes, &run, &task) == 0;
    pthread_attr_destroy(&attributes);
  }
  if (!started) {
    throw backend::Failure(IEXP_ERROR_OUT_OF_MEMORY, "There is no room for the stack that a TorchScript archive needs.",
                           "Raise the limit of the process's address space.");
  }
  pthread_join(thread, nullptr);
  if (task.thrown) std::rethrow_exception(task.thrown);
}

}  // namespace inference_exp::torch_backend
