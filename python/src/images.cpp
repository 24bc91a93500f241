#include "images.hpp"

#include <pybind11/numpy.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "inference_exp/backend.h"
#include "inference_exp/errors.hpp"

namespace py = pybind11;

namespace inference_exp::python {

namespace {

/// DLPack's DLManagedTensor; the tensor itself has the layout of backend.h.
struct ManagedTensor {
  iexp_tensor tensor;
  void* context;
  void (*free)(ManagedTensor*);
};
constexpr const char* kFresh = "dltensor";
constexpr const char* kUsed = "used_dltensor";
constexpr std::int32_t kCpu = 1;
constexpr std::int32_t kCudaHost = 3;

PixelFormat with_channels(std::int64_t channels, PixelFormat color) {
  if (channels == 1) return PixelFormat::gray;
  if (channels == 4) return color == PixelFormat::rgb ? PixelFormat::rgba : PixelFormat::bgra;
  return color;
}

Size size_of(std::int64_t width, std::int64_t height) {
  if (width < 1 || height < 1 || width > kMaxImageSide || height > kMaxImageSide) {
    throw ModelInputError("The image has " + std::to_string(width) + " x " + std::to_string(height) + " pixels.",
                          "Both sides must be between 1 and " + std::to_string(kMaxImageSide) + ".");
  }
  return {static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
}

/// Element strides of one picture in any order of its axes.
struct Plane {
  const std::byte* data;
  std::int64_t height, width, channels;
  std::int64_t row, column, channel;  ///< bytes
  PixelType type;
};

bool can_be_borrowed(const Plane& plane) {
  const std::int64_t unit = pixel_type_size(plane.type);
  const std::int64_t row_bytes = plane.width * plane.channels * unit;
  const bool packed =
      (plane.channels == 1 || plane.channel == unit) && (plane.width == 1 || plane.column == plane.channels * unit);
  const bool rows = plane.height == 1 || std::abs(plane.row) >= row_bytes;
  const bool aligned = reinterpret_cast<std::uintptr_t>(plane.data) % static_cast<std::uintptr_t>(unit) == 0 &&
                       (plane.height == 1 || plane.row % unit == 0);
  return packed && rows && aligned;
}

void add(Images& images, const Plane& plane, PixelFormat color) {
  const Size size = size_of(plane.width, plane.height);
  const std::int64_t unit = pixel_type_size(plane.type);
  const std::int64_t row_bytes = plane.width * plane.channels * unit;
  const PixelFormat format = with_channels(plane.channels, color);
  if (can_be_borrowed(plane)) {
    images.views.push_back({plane.data, size, plane.height == 1 ? row_bytes : plane.row, format, plane.type});
    return;
  }
  auto copy = std::make_unique<std::byte[]>(static_cast<std::size_t>(row_bytes * plane.height));
  std::byte* to = copy.get();
  for (std::int64_t y = 0; y < plane.height; ++y) {
    for (std::int64_t x = 0; x < plane.width; ++x) {
      for (std::int64_t c = 0; c < plane.channels; ++c, to += unit) {
        std::memcpy(to, plane.data + y * plane.row + x * plane.column + c * plane.channel,
                    static_cast<std::size_t>(unit));
      }
    }
  }
  images.views.push_back({copy.get(), size, row_bytes, format, plane.type});
  images.copies.push_back(std::move(copy));
}

void add_array(Images& images, const py::array& array, PixelFormat color) {
  const bool bytes = py::isinstance<py::array_t<std::uint8_t>>(array);
  if (!bytes && !py::isinstance<py::array_t<float>>(array)) {
    throw ModelInputError("The image is an array of " + py::str(array.dtype()).cast<std::string>() + ".",
                          "Images are uint8 or float32, both with values of 0...255: image.astype(numpy.float32).");
  }
  const py::ssize_t rank = array.ndim();
  const std::int64_t channels = rank == 3 ? array.shape(2) : 1;
  if ((rank != 2 && rank != 3) || (channels != 1 && channels != 3 && channels != 4)) {
    throw ModelInputError(
        "The image is an array of shape " + py::str(py::object(array.attr("shape"))).cast<std::string>() + ".",
        "An array is one image (height, width, channels) with 1, 3 or 4 channels, or (height, width); give several as "
        "a "
        "list.");
  }
  add(images,
      {static_cast<const std::byte*>(array.data()), array.shape(0), array.shape(1), channels, array.strides(0),
       array.strides(1), rank == 3 ? array.strides(2) : 1, bytes ? PixelType::u8 : PixelType::f32},
      color);
  images.owners.push_back(array);
}

/// What the tensor's own library says against handing it out, such as that it takes part in training, is the reason.
py::object capsule_of(py::handle image) {
  try {
    return image.attr("__dlpack__")();
  } catch (const py::error_already_set& error) {
    throw ModelInputError(
        "The tensor does not hand out its memory: " + py::str(error.value()).cast<std::string>() + ".",
        "A PyTorch tensor does after image.detach().");
  }
}

/// Takes the tensor out of its capsule; the returned object frees it.
std::pair<const iexp_tensor*, py::object> tensor_of(py::handle image) {
  const auto device = image.attr("__dlpack_device__")().cast<std::pair<int, int>>();
  if (device.first != kCpu && device.first != kCudaHost) {
    throw ModelInputError("The tensor lies in the memory of a device that is not the CPU.",
                          "Bring it over first: image.cpu().");
  }
  const py::object capsule = capsule_of(image);
  auto* managed = static_cast<ManagedTensor*>(PyCapsule_GetPointer(capsule.ptr(), kFresh));
  if (managed == nullptr) throw py::error_already_set();
  PyCapsule_SetName(capsule.ptr(), kUsed);
  py::capsule owner(managed, [](void* tensor) {
    auto* owned = static_cast<ManagedTensor*>(tensor);
    if (owned->free != nullptr) owned->free(owned);
  });
  return {&managed->tensor, std::move(owner)};
}

PixelType type_of(const iexp_dtype& dtype) {
  if (dtype.lanes == 1 && dtype.code == 1 && dtype.bits == 8) return PixelType::u8;
  if (dtype.lanes == 1 && dtype.code == 2 && dtype.bits == 32) return PixelType::f32;
  throw ModelInputError("The tensor's values are neither uint8 nor float32.",
                        "Convert it first: image.float() with values of 0...255.");
}

void add_tensor(Images& images, py::handle image, PixelFormat color, bool may_be_batch) {
  auto [tensor, owner] = tensor_of(image);
  images.owners.push_back(std::move(owner));
  const PixelType type = type_of(tensor->dtype);
  const int rank = tensor->ndim;
  if (rank != 3 && !(rank == 4 && may_be_batch)) {
    throw ModelInputError("The tensor has " + std::to_string(rank) + " dimensions.",
                          may_be_batch ? "Give (3, height, width) or (batch, 3, height, width)."
                                       : "In a list each tensor is one image: (3, height, width).");
  }
  std::array<std::int64_t, 4> shape{1, 1, 1, 1};
  std::array<std::int64_t, 4> strides{};
  const int first = 4 - rank;
  std::int64_t compact = 1;
  for (int axis = rank - 1; axis >= 0; --axis) {
    const std::size_t to = static_cast<std::size_t>(first) + static_cast<std::size_t>(axis);
    shape[to] = tensor->shape[axis];
    strides[to] = (tensor->strides != nullptr ? tensor->strides[axis] : compact) * pixel_type_size(type);
    compact *= tensor->shape[axis];
  }
  if (shape[1] != 3 && shape[3] != 3) {
    throw ModelInputError("The tensor has no side of 3 channels.",
                          "Give (3, height, width) or (batch, 3, height, width).");
  }
  if (shape[0] < 1) throw ModelInputError("The batch has no image.", "Give at least one.");
  const bool channels_first = shape[1] == 3;
  const std::size_t c = channels_first ? 1 : 3;
  const std::size_t y = channels_first ? 2 : 1;
  const std::size_t x = y + 1;
  const std::byte* data = static_cast<const std::byte*>(tensor->data) + tensor->byte_offset;
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    add(images, {data + i * strides[0], shape[y], shape[x], 3, strides[y], strides[x], strides[c], type}, color);
  }
}

void add_any(Images& images, py::handle image, std::optional<PixelFormat> color, bool may_be_batch) {
  if (py::isinstance<py::array>(image)) {
    add_array(images, py::reinterpret_borrow<py::array>(image), color.value_or(PixelFormat::bgr));
  } else if (py::hasattr(image, "__dlpack__")) {
    add_tensor(images, image, color.value_or(PixelFormat::rgb), may_be_batch);
  } else if (image.is_none()) {
    throw ModelInputError("The image is None.", "cv2.imread gives None for a file that it cannot read.");
  } else {
    throw ModelInputError("A " + py::str(py::type::of(image).attr("__name__")).cast<std::string>() + " is no image.",
                          "Give a numpy array, a tensor with __dlpack__, or a list of these.");
  }
}

}  // namespace

Images images_of(py::handle images, std::optional<PixelFormat> color) {
  Images result;
  if (!py::isinstance<py::list>(images) && !py::isinstance<py::tuple>(images)) {
    add_any(result, images, color, true);
    return result;
  }
  for (const py::handle image : py::reinterpret_borrow<py::sequence>(images)) add_any(result, image, color, false);
  if (result.views.empty()) throw ModelInputError("The list of images is empty.", "Give at least one.");
  return result;
}

}  // namespace inference_exp::python
