// What C callers give, as the values that the C++ interface takes. What is wrong with it is thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference_exp.h"
#include "inference_exp/image_view.hpp"

namespace inference_exp::c_api {

[[noreturn]] void throw_null(std::string_view argument);

/// What `pointer` points to; throws InvalidParameterError for NULL.
template <typename T>
T& required(T* pointer, std::string_view argument) {
  if (pointer == nullptr) throw_null(argument);
  return *pointer;
}

/// Where a result goes: what `pointer` points to, set to NULL until there is one.
template <typename T>
T*& output(T** pointer, std::string_view argument) {
  required(pointer, argument) = nullptr;
  return *pointer;
}

/// `count` values at `values`; throws InvalidParameterError for NULL unless there are none.
template <typename T>
std::span<const T> list(const T* values, std::size_t count, std::string_view argument) {
  if (values == nullptr && count != 0) throw_null(argument);
  return {values, values != nullptr ? count : 0};
}

/// Throws InvalidParameterError when `given_size` cannot be a struct_size, or when bytes that this library does not
/// know are set.
void check_struct(const std::byte* given, std::size_t given_size, std::size_t known_size, std::string_view argument);

/// The struct as this library knows it: what the caller's version of it lacks is as in `defaults`.
template <typename T>
T read_struct(const T& given, const T& defaults, std::string_view argument) {
  const std::size_t size = given.struct_size;
  check_struct(reinterpret_cast<const std::byte*>(&given), size, sizeof(T), argument);
  T known = defaults;
  std::memcpy(&known, &given, size < sizeof(T) ? size : sizeof(T));
  return known;
}

/// Writes `defaults` into a struct of which the caller knows `struct_size` bytes; what this library does not know of it
/// becomes zero.
template <typename T>
void init_struct(T* given, std::size_t struct_size, T defaults) noexcept {
  if (given == nullptr) return;
  defaults.struct_size = struct_size;
  std::memset(static_cast<void*>(given), 0, struct_size);
  std::memcpy(static_cast<void*>(given), &defaults, struct_size < sizeof(T) ? struct_size : sizeof(T));
}

/// Throws InvalidParameterError for what is neither 0 nor 1.
[[nodiscard]] bool flag(std::int32_t value, std::string_view argument);

/// Texts of a list; throws InvalidParameterError for one that is NULL.
[[nodiscard]] std::vector<std::string> texts(const char* const* values, std::size_t count, std::string_view argument);

/// The caller's pictures. Throws InvalidParameterError for a list that can't be read, ModelInputError for a format or
/// type that does not exist.
[[nodiscard]] std::vector<ImageView> image_views(const inference_exp_image* images, std::size_t count);

/// A copy that inference_exp_string_free frees.
[[nodiscard]] char* new_text(std::string_view text);

}  // namespace inference_exp::c_api
