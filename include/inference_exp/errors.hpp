// Errors of inference-exp.
//
// Contract: every error a user can cause is thrown as one of these classes, by value. Each carries the message, a hint
// that says what to do about it, and the address of its help page. The library never prints, exits or aborts.
// `std::bad_alloc` passes through untouched. Names and parents follow the Python original (loading.md, section 6.3).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "inference_exp/export.hpp"

namespace inference_exp {

/// Root of the hierarchy. `what()` is the message followed by the hint.
class INFERENCE_EXP_API Error : public std::runtime_error {
 public:
  Error(std::string_view name, std::string_view help_page, std::string_view message, std::string_view hint);
  ~Error() override;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;
  Error(Error&&) = default;
  Error& operator=(Error&&) = default;

  /// The class name as users see it, such as "CorruptedModelPackageError". Static storage.
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  /// What went wrong, without the hint.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// What to do about it; may be empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  /// The page of the documentation that explains this error: "docs/errors/<page>.md#<name in lower case>".
  [[nodiscard]] std::string help_page() const;

 private:
  std::string_view name_;
  std::string_view help_page_;
  std::string message_;
  std::string hint_;
};

namespace detail {

/// Binds a class name, a help page and a parent; each error below is one line. `Tag` supplies the static strings.
template <typename Tag, typename Parent>
class NamedError : public Parent {
 public:
  explicit NamedError(std::string_view message, std::string_view hint = {})
      : Parent(Tag::kName, Tag::kPage, message, hint) {}

 protected:
  NamedError(std::string_view name, std::string_view page, std::string_view message, std::string_view hint)
      : Parent(name, page, message, hint) {}
};

}  // namespace detail

namespace detail {
struct EnvironmentConfigurationErrorTag {
  static constexpr std::string_view kName = "EnvironmentConfigurationError";
  static constexpr std::string_view kPage = "runtime-environment";
};
}  // namespace detail
/// No usable execution provider or device for what was asked.
class INFERENCE_EXP_API EnvironmentConfigurationError
    : public detail::NamedError<detail::EnvironmentConfigurationErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct MissingDependencyErrorTag {
  static constexpr std::string_view kName = "MissingDependencyError";
  static constexpr std::string_view kPage = "runtime-environment";
};
}  // namespace detail
/// A backend plug-in, or the runtime library it needs, is not installed.
class INFERENCE_EXP_API MissingDependencyError : public detail::NamedError<detail::MissingDependencyErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ModelRuntimeErrorTag {
  static constexpr std::string_view kName = "ModelRuntimeError";
  static constexpr std::string_view kPage = "models-runtime";
};
}  // namespace detail
/// The backend failed while running, or gave outputs the model family cannot read.
class INFERENCE_EXP_API ModelRuntimeError : public detail::NamedError<detail::ModelRuntimeErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ModelInputErrorTag {
  static constexpr std::string_view kName = "ModelInputError";
  static constexpr std::string_view kPage = "input-validation";
};
}  // namespace detail
/// An input image cannot be processed: empty, too large, wrong type or channel count.
class INFERENCE_EXP_API ModelInputError : public detail::NamedError<detail::ModelInputErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct InvalidParameterErrorTag {
  static constexpr std::string_view kName = "InvalidParameterError";
  static constexpr std::string_view kPage = "input-validation";
};
}  // namespace detail
/// An argument or option has a value outside its range.
class INFERENCE_EXP_API InvalidParameterError : public detail::NamedError<detail::InvalidParameterErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ModelRetrievalErrorTag {
  static constexpr std::string_view kName = "ModelRetrievalError";
  static constexpr std::string_view kPage = "model-retrieval";
};
}  // namespace detail
/// The model could not be found or fetched.
class INFERENCE_EXP_API ModelRetrievalError : public detail::NamedError<detail::ModelRetrievalErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ModelPackageNegotiationErrorTag {
  static constexpr std::string_view kName = "ModelPackageNegotiationError";
  static constexpr std::string_view kPage = "package-negotiation";
};
}  // namespace detail
/// No package of the model fits the request.
class INFERENCE_EXP_API ModelPackageNegotiationError
    : public detail::NamedError<detail::ModelPackageNegotiationErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct UnknownBackendTypeErrorTag {
  static constexpr std::string_view kName = "UnknownBackendTypeError";
  static constexpr std::string_view kPage = "package-negotiation";
};
}  // namespace detail
/// The caller named a backend that does not exist.
class INFERENCE_EXP_API UnknownBackendTypeError
    : public detail::NamedError<detail::UnknownBackendTypeErrorTag, ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ModelLoadingErrorTag {
  static constexpr std::string_view kName = "ModelLoadingError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// The model could not be loaded.
class INFERENCE_EXP_API ModelLoadingError : public detail::NamedError<detail::ModelLoadingErrorTag, Error> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct CorruptedModelPackageErrorTag {
  static constexpr std::string_view kName = "CorruptedModelPackageError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// A file of the package is missing or malformed.
class INFERENCE_EXP_API CorruptedModelPackageError
    : public detail::NamedError<detail::CorruptedModelPackageErrorTag, ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct DirectLocalStorageAccessErrorTag {
  static constexpr std::string_view kName = "DirectLocalStorageAccessError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// A local path was given while local loading is forbidden.
class INFERENCE_EXP_API DirectLocalStorageAccessError
    : public detail::NamedError<detail::DirectLocalStorageAccessErrorTag, ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ForbiddenLocalCodePackageAccessErrorTag {
  static constexpr std::string_view kName = "ForbiddenLocalCodePackageAccessError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// The package wants to run code of its own, which this library never does.
class INFERENCE_EXP_API ForbiddenLocalCodePackageAccessError
    : public detail::NamedError<detail::ForbiddenLocalCodePackageAccessErrorTag, ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct ModelImplementationNotFoundErrorTag {
  static constexpr std::string_view kName = "ModelImplementationNotFoundError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// No family serves this architecture and task.
class INFERENCE_EXP_API ModelImplementationNotFoundError
    : public detail::NamedError<detail::ModelImplementationNotFoundErrorTag, ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct MissingModelInitParameterErrorTag {
  static constexpr std::string_view kName = "MissingModelInitParameterError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// A bare model file needs an option that was not given.
class INFERENCE_EXP_API MissingModelInitParameterError
    : public detail::NamedError<detail::MissingModelInitParameterErrorTag, ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

namespace detail {
struct InvalidModelInitParameterErrorTag {
  static constexpr std::string_view kName = "InvalidModelInitParameterError";
  static constexpr std::string_view kPage = "model-loading";
};
}  // namespace detail
/// An option for a bare model file has a wrong value.
class INFERENCE_EXP_API InvalidModelInitParameterError
    : public detail::NamedError<detail::InvalidModelInitParameterErrorTag, ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

}  // namespace inference_exp
