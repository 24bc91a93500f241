// An RF-DETR checkpoint with no package around it, and what it is called by.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "inference_exp/load_options.hpp"
#include "models/registry.hpp"
#include "runtime/session.hpp"

namespace inference_exp::models {

/// The detection networks that RF-DETR's authors published (loading.md, section 3.3).
inline constexpr std::array<std::string_view, 7> kRfdetrSizes{
    "rfdetr-nano", "rfdetr-small", "rfdetr-medium", "rfdetr-base", "rfdetr-large", "rfdetr-xlarge", "rfdetr-2xlarge"};

/// What can be told before a file of many megabytes is opened. Throws InvalidModelInitParameterError for another
/// architecture than "rfdetr", another task than object detection, a size that is not among kRfdetrSizes and a
/// resolution below 1. `file` is the name that errors carry.
void check_rfdetr_checkpoint_options(const LoadOptions& options, std::string_view file);

/// Class names and resolution come from the caller's options, else from the session's metadata; the 91 classes of COCO
/// are known by name. Pre-processing is what every RF-DETR network is trained with: stretched by Pillow, RGB,
/// ImageNet's mean and deviation. Throws InvalidModelInitParameterError for a resolution that the network can't divide
/// and for more names than it has classes, CorruptedModelPackageError when the metadata is not that of an RF-DETR
/// checkpoint.
[[nodiscard]] ModelInit describe_rfdetr_checkpoint(std::shared_ptr<const runtime::Session> session,
                                                   const LoadOptions& options, std::string_view file);

}  // namespace inference_exp::models
