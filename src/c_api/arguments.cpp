#include "c_api/arguments.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>

#include "inference_exp/errors.hpp"

namespace inference_exp::c_api {
namespace {

constexpr std::array kFormats{PixelFormat::bgr, PixelFormat::rgb, PixelFormat::gray, PixelFormat::bgra,
                              PixelFormat::rgba};
static_assert(static_cast<int>(kFormats[INFERENCE_EXP_FORMAT_RGBA]) == INFERENCE_EXP_FORMAT_RGBA);
constexpr std::array kTypes{PixelType::u8, PixelType::f32};

/// `values[index]`; throws ModelInputError where there is none.
template <typename Values>
auto chosen(const Values& values, std::int32_t index, std::string_view what) {
  if (index < 0 || static_cast<std::size_t>(index) >= values.size()) {
    throw ModelInputError("There is no " + std::string(what) + " number " + std::to_string(index) + ".",
                          "Use one of the constants of inference_exp.h.");
  }
  return values[static_cast<std::size_t>(index)];
}

ImageView view(const inference_exp_image& image) {
  const PixelFormat format = chosen(kFormats, image.format, "pixel format");
  const PixelType type = chosen(kTypes, image.type, "pixel type");
  const std::ptrdiff_t compact = std::ptrdiff_t{image.width} * channel_count(format) * pixel_type_size(type);
  return {static_cast<const std::byte*>(image.data),
          {image.width, image.height},
          image.row_stride != 0 ? image.row_stride : compact,
          format,
          type};
}

}  // namespace

void throw_null(std::string_view argument) {
  throw InvalidParameterError("The argument " + std::string(argument) + " is NULL.",
                              "inference_exp.h says which arguments may be NULL.");
}

void check_struct(const std::byte* given, std::size_t given_size, std::size_t known_size, std::string_view argument) {
  constexpr std::size_t kLargest = 4096;  // of what is no struct, not too much is read
  if (given_size < sizeof(std::size_t) || given_size > kLargest || given_size % sizeof(std::size_t) != 0) {
    throw InvalidParameterError(
        "The struct_size of " + std::string(argument) + " is " + std::to_string(given_size) + ".",
        "Set it to sizeof the struct, with the struct's init function where there is one.");
  }
  if (given_size <= known_size) return;
  const std::span<const std::byte> unknown(given + known_size, given_size - known_size);
  if (std::ranges::all_of(unknown, [](std::byte byte) { return byte == std::byte{0}; })) return;
  throw InvalidParameterError(
      "A member of " + std::string(argument) + " is set that this version of the library does not know.",
      "Leave it at its default, or use the version of the library that the program was compiled for.");
}

bool flag(std::int32_t value, std::string_view argument) {
  if (value == 0 || value == 1) return value == 1;
  throw InvalidParameterError("The option " + std::string(argument) + " is " + std::to_string(value) + ".",
                              "It must be 0 or 1. Call the struct's init function before setting members.");
}

std::vector<std::string> texts(const char* const* values, std::size_t count, std::string_view argument) {
  std::vector<std::string> result;
  for (const char* text : list(values, count, argument)) result.emplace_back(&required(text, argument));
  return result;
}

std::vector<ImageView> image_views(const inference_exp_image* images, std::size_t count) {
  std::vector<ImageView> views;
  if (list(images, count, "images").empty()) return views;
  views.reserve(count);
  const std::size_t distance = images->struct_size;
  const auto* place = reinterpret_cast<const std::byte*>(images);
  for (std::size_t i = 0; i < count; ++i, place += distance) {
    const auto& image = *reinterpret_cast<const inference_exp_image*>(place);
    if (image.struct_size != distance) {
      throw InvalidParameterError("The images have different values of struct_size.",
                                  "Set it to sizeof(inference_exp_image) in each.");
    }
    views.push_back(view(read_struct(image, {}, "images")));
  }
  return views;
}

char* new_text(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  *std::copy(text.begin(), text.end(), copy) = '\0';
  return copy;
}

}  // namespace inference_exp::c_api

void inference_exp_string_free(char* text) { std::free(text); }
