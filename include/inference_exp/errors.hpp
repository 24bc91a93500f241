// Errors of inference-exp.
//
// Contract: every error a user can cause is thrown as one of these classes, by value. Each carries the message, a hint
// that says what to do about it, and the address of its help page. The library never prints, exits or aborts.
// `std::bad_alloc` passes through untouched. Names and parents follow the Python original (loading.md, section 6.3).
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "inference_exp/export.hpp"

namespace inference_exp {

/// Root of the hierarchy. `what()` is the message followed by the hint.
class INFERENCE_EXP_API Error : public std::runtime_error {
 public:
  Error(std::string_view name, std::string_view message, std::string_view hint);
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
  /// The page of the documentation that explains this error: "docs/errors/<name in snake case>.md", such as
  /// "docs/errors/corrupted_model_package_error.md".
  [[nodiscard]] std::string help_page() const;

 private:
  std::string_view name_;
  std::string message_;
  std::string hint_;
};

namespace detail {

/// Text as a template argument.
template <std::size_t kSize>
struct FixedText {
  constexpr FixedText(const char (&text)[kSize]) { std::copy_n(text, kSize, characters); }  // NOLINT: from a literal
  char characters[kSize]{};
};

/// Binds a class name and a parent.
template <FixedText kName, typename Parent>
class NamedError : public Parent {
 public:
  explicit NamedError(std::string_view message, std::string_view hint = {}) : Parent(kName.characters, message, hint) {}

 protected:
  NamedError(std::string_view name, std::string_view message, std::string_view hint) : Parent(name, message, hint) {}
};

}  // namespace detail

/// No usable execution provider or device for what was asked.
class INFERENCE_EXP_API EnvironmentConfigurationError
    : public detail::NamedError<"EnvironmentConfigurationError", Error> {
 public:
  using NamedError::NamedError;
};

/// An environment variable of this library has a value that cannot be used.
class INFERENCE_EXP_API InvalidEnvVariable : public detail::NamedError<"InvalidEnvVariable", Error> {
 public:
  using NamedError::NamedError;
};

/// A backend plug-in, or the runtime library it needs, is not installed.
class INFERENCE_EXP_API MissingDependencyError : public detail::NamedError<"MissingDependencyError", Error> {
 public:
  using NamedError::NamedError;
};

/// The backend failed while running, or gave outputs the model family cannot read.
class INFERENCE_EXP_API ModelRuntimeError : public detail::NamedError<"ModelRuntimeError", Error> {
 public:
  using NamedError::NamedError;
};

/// A device has too little free memory. The model, and every other one, stays usable.
class INFERENCE_EXP_API OutOfDeviceMemoryError
    : public detail::NamedError<"OutOfDeviceMemoryError", ModelRuntimeError> {
 public:
  using NamedError::NamedError;
};

/// An input image cannot be processed: empty, too large, wrong type or channel count.
class INFERENCE_EXP_API ModelInputError : public detail::NamedError<"ModelInputError", Error> {
 public:
  using NamedError::NamedError;
};

/// An argument or option has a value outside its range.
class INFERENCE_EXP_API InvalidParameterError : public detail::NamedError<"InvalidParameterError", Error> {
 public:
  using NamedError::NamedError;
};

/// Two things that the caller gave contradict each other.
class INFERENCE_EXP_API AssumptionError : public detail::NamedError<"AssumptionError", Error> {
 public:
  using NamedError::NamedError;
};

/// The caller stopped the work through its progress callback.
class INFERENCE_EXP_API OperationCancelledError : public detail::NamedError<"OperationCancelledError", Error> {
 public:
  using NamedError::NamedError;
};

/// The network or the server failed, again after every retry.
class INFERENCE_EXP_API RetryError : public detail::NamedError<"RetryError", Error> {
 public:
  using NamedError::NamedError;
};

/// The server answered a request for a part of a file with something else.
class INFERENCE_EXP_API RangeRequestNotSupportedError
    : public detail::NamedError<"RangeRequestNotSupportedError", Error> {
 public:
  using NamedError::NamedError;
};

/// A file comes without a hash, and such files are not allowed.
class INFERENCE_EXP_API UntrustedFileError : public detail::NamedError<"UntrustedFileError", Error> {
 public:
  using NamedError::NamedError;
};

/// A downloaded file is not the one that was announced. (The name is spelled as in the original.)
class INFERENCE_EXP_API FileHashSumMissmatch : public detail::NamedError<"FileHashSumMissmatch", Error> {
 public:
  using NamedError::NamedError;
};

/// The cache folder cannot be used: not writable, full, or damaged.
class INFERENCE_EXP_API ModelCacheError : public detail::NamedError<"ModelCacheError", Error> {
 public:
  using NamedError::NamedError;
};

/// Another process holds a lock of the cache for longer than this one may wait.
class INFERENCE_EXP_API FileLockTimeoutError : public detail::NamedError<"FileLockTimeoutError", ModelCacheError> {
 public:
  using NamedError::NamedError;
};

/// The model could not be found or fetched.
class INFERENCE_EXP_API ModelRetrievalError : public detail::NamedError<"ModelRetrievalError", Error> {
 public:
  using NamedError::NamedError;
};

/// The provider does not know the API key, or an access rule forbids the model.
class INFERENCE_EXP_API UnauthorizedModelAccessError
    : public detail::NamedError<"UnauthorizedModelAccessError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// The API key is valid but does not give access to the model.
class INFERENCE_EXP_API ForbiddenModelAccessError
    : public detail::NamedError<"ForbiddenModelAccessError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// The provider asks for a payment first.
class INFERENCE_EXP_API PaymentRequiredModelAccessError
    : public detail::NamedError<"PaymentRequiredModelAccessError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// The provider has paused the use of the account.
class INFERENCE_EXP_API UsagePausedModelAccessError
    : public detail::NamedError<"UsagePausedModelAccessError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// The provider has no model of that id.
class INFERENCE_EXP_API ModelNotFoundError : public detail::NamedError<"ModelNotFoundError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// What the provider says of a package contradicts itself or cannot be read.
class INFERENCE_EXP_API ModelMetadataConsistencyError
    : public detail::NamedError<"ModelMetadataConsistencyError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// The provider describes a kind of machine that this library does not know.
class INFERENCE_EXP_API ModelMetadataHandlerNotImplementedError
    : public detail::NamedError<"ModelMetadataHandlerNotImplementedError", ModelRetrievalError> {
 public:
  using NamedError::NamedError;
};

/// No package of the model fits the request.
class INFERENCE_EXP_API ModelPackageNegotiationError
    : public detail::NamedError<"ModelPackageNegotiationError", Error> {
 public:
  using NamedError::NamedError;
};

/// The caller named a backend that does not exist.
class INFERENCE_EXP_API UnknownBackendTypeError
    : public detail::NamedError<"UnknownBackendTypeError", ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

/// The caller named a quantization that does not exist.
class INFERENCE_EXP_API UnknownQuantizationError
    : public detail::NamedError<"UnknownQuantizationError", ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

/// The batch size that was asked for is not a size or a range.
class INFERENCE_EXP_API InvalidRequestedBatchSizeError
    : public detail::NamedError<"InvalidRequestedBatchSizeError", ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

/// No package of the model can run here as asked; the message says why, reason by reason.
class INFERENCE_EXP_API NoModelPackagesAvailableError
    : public detail::NamedError<"NoModelPackagesAvailableError", ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

/// Several packages have the id that was asked for.
class INFERENCE_EXP_API AmbiguousModelPackageResolutionError
    : public detail::NamedError<"AmbiguousModelPackageResolutionError", ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

/// This machine could not be examined.
class INFERENCE_EXP_API RuntimeIntrospectionError
    : public detail::NamedError<"RuntimeIntrospectionError", ModelPackageNegotiationError> {
 public:
  using NamedError::NamedError;
};

/// JETSON_MODULE names no Jetson that this library knows.
class INFERENCE_EXP_API JetsonTypeResolutionError
    : public detail::NamedError<"JetsonTypeResolutionError", RuntimeIntrospectionError> {
 public:
  using NamedError::NamedError;
};

/// The model could not be loaded.
class INFERENCE_EXP_API ModelLoadingError : public detail::NamedError<"ModelLoadingError", Error> {
 public:
  using NamedError::NamedError;
};

/// Every package that could run here failed to load; the message has one line for each.
class INFERENCE_EXP_API ModelPackageAlternativesExhaustedError
    : public detail::NamedError<"ModelPackageAlternativesExhaustedError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// A package id could lead outside the cache.
class INFERENCE_EXP_API InsecureModelIdentifierError
    : public detail::NamedError<"InsecureModelIdentifierError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// A file of the package is missing or malformed.
class INFERENCE_EXP_API CorruptedModelPackageError
    : public detail::NamedError<"CorruptedModelPackageError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// A checkpoint asks for more than data: to read it would mean to run what it names.
class INFERENCE_EXP_API UntrustedCheckpointError
    : public detail::NamedError<"UntrustedCheckpointError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// A local path was given while local loading is forbidden.
class INFERENCE_EXP_API DirectLocalStorageAccessError
    : public detail::NamedError<"DirectLocalStorageAccessError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// The package wants to run code of its own, which this library never does.
class INFERENCE_EXP_API ForbiddenLocalCodePackageAccessError
    : public detail::NamedError<"ForbiddenLocalCodePackageAccessError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// No family serves this architecture and task.
class INFERENCE_EXP_API ModelImplementationNotFoundError
    : public detail::NamedError<"ModelImplementationNotFoundError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// A bare model file needs an option that was not given.
class INFERENCE_EXP_API MissingModelInitParameterError
    : public detail::NamedError<"MissingModelInitParameterError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

/// An option for a bare model file has a wrong value.
class INFERENCE_EXP_API InvalidModelInitParameterError
    : public detail::NamedError<"InvalidModelInitParameterError", ModelLoadingError> {
 public:
  using NamedError::NamedError;
};

}  // namespace inference_exp
