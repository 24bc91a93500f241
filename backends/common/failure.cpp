#include "common/failure.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <span>
#include <string_view>

namespace inference_exp::backend {

namespace {

void write_text(std::span<char> destination, std::string_view text) noexcept {
  const std::size_t length = std::min(text.size(), destination.size() - 1);
  std::copy_n(text.data(), length, destination.data());
  destination[length] = '\0';
}

std::int32_t write_error(iexp_error* error, std::int32_t code, std::string_view message,
                         std::string_view hint = {}) noexcept {
  if (error == nullptr || error->struct_size < sizeof(iexp_error)) return code;
  error->code = code;
  write_text(error->message, message);
  write_text(error->hint, hint);
  return code;
}

}  // namespace

std::int32_t report_current_exception(iexp_error* error) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return write_error(error, failure.code(), failure.what(), failure.hint());
  } catch (const std::bad_alloc&) {
    return write_error(error, IEXP_ERROR_OUT_OF_MEMORY, "Out of memory.");
  } catch (const std::exception& exception) {
    return write_error(error, IEXP_ERROR_MODEL_RUNTIME, exception.what());
  } catch (...) {
    return write_error(error, IEXP_ERROR_MODEL_RUNTIME, "An unknown exception.");
  }
}

}  // namespace inference_exp::backend
