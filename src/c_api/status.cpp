#include "c_api/status.hpp"

#include <algorithm>
#include <array>

namespace inference_exp::c_api {
namespace {

constexpr std::array kStatuses{
    NamedStatus{INFERENCE_EXP_OK, "OK"},
    NamedStatus{INFERENCE_EXP_ERROR_OTHER, "Error"},
    NamedStatus{INFERENCE_EXP_ERROR_OUT_OF_MEMORY, "OutOfMemory"},
    NamedStatus{INFERENCE_EXP_ERROR_UNEXPECTED, "Unexpected"},

    NamedStatus{INFERENCE_EXP_ERROR_ENVIRONMENT_CONFIGURATION, "EnvironmentConfigurationError"},
    NamedStatus{INFERENCE_EXP_ERROR_INVALID_ENV_VARIABLE, "InvalidEnvVariable"},
    NamedStatus{INFERENCE_EXP_ERROR_MISSING_DEPENDENCY, "MissingDependencyError"},

    NamedStatus{INFERENCE_EXP_ERROR_MODEL_RUNTIME, "ModelRuntimeError"},
    NamedStatus{INFERENCE_EXP_ERROR_OUT_OF_DEVICE_MEMORY, "OutOfDeviceMemoryError"},

    NamedStatus{INFERENCE_EXP_ERROR_MODEL_INPUT, "ModelInputError"},
    NamedStatus{INFERENCE_EXP_ERROR_INVALID_PARAMETER, "InvalidParameterError"},
    NamedStatus{INFERENCE_EXP_ERROR_ASSUMPTION, "AssumptionError"},

    NamedStatus{INFERENCE_EXP_ERROR_OPERATION_CANCELLED, "OperationCancelledError"},
    NamedStatus{INFERENCE_EXP_ERROR_RETRY, "RetryError"},
    NamedStatus{INFERENCE_EXP_ERROR_RANGE_REQUEST_NOT_SUPPORTED, "RangeRequestNotSupportedError"},
    NamedStatus{INFERENCE_EXP_ERROR_UNTRUSTED_FILE, "UntrustedFileError"},
    NamedStatus{INFERENCE_EXP_ERROR_FILE_HASH_SUM_MISMATCH, "FileHashSumMissmatch"},

    NamedStatus{INFERENCE_EXP_ERROR_MODEL_CACHE, "ModelCacheError"},
    NamedStatus{INFERENCE_EXP_ERROR_FILE_LOCK_TIMEOUT, "FileLockTimeoutError"},

    NamedStatus{INFERENCE_EXP_ERROR_MODEL_RETRIEVAL, "ModelRetrievalError"},
    NamedStatus{INFERENCE_EXP_ERROR_UNAUTHORIZED_MODEL_ACCESS, "UnauthorizedModelAccessError"},
    NamedStatus{INFERENCE_EXP_ERROR_FORBIDDEN_MODEL_ACCESS, "ForbiddenModelAccessError"},
    NamedStatus{INFERENCE_EXP_ERROR_PAYMENT_REQUIRED_MODEL_ACCESS, "PaymentRequiredModelAccessError"},
    NamedStatus{INFERENCE_EXP_ERROR_USAGE_PAUSED_MODEL_ACCESS, "UsagePausedModelAccessError"},
    NamedStatus{INFERENCE_EXP_ERROR_MODEL_NOT_FOUND, "ModelNotFoundError"},
    NamedStatus{INFERENCE_EXP_ERROR_MODEL_METADATA_CONSISTENCY, "ModelMetadataConsistencyError"},
    NamedStatus{INFERENCE_EXP_ERROR_MODEL_METADATA_HANDLER_NOT_IMPLEMENTED, "ModelMetadataHandlerNotImplementedError"},

    NamedStatus{INFERENCE_EXP_ERROR_MODEL_PACKAGE_NEGOTIATION, "ModelPackageNegotiationError"},
    NamedStatus{INFERENCE_EXP_ERROR_UNKNOWN_BACKEND_TYPE, "UnknownBackendTypeError"},
    NamedStatus{INFERENCE_EXP_ERROR_UNKNOWN_QUANTIZATION, "UnknownQuantizationError"},
    NamedStatus{INFERENCE_EXP_ERROR_INVALID_REQUESTED_BATCH_SIZE, "InvalidRequestedBatchSizeError"},
    NamedStatus{INFERENCE_EXP_ERROR_NO_MODEL_PACKAGES_AVAILABLE, "NoModelPackagesAvailableError"},
    NamedStatus{INFERENCE_EXP_ERROR_AMBIGUOUS_MODEL_PACKAGE_RESOLUTION, "AmbiguousModelPackageResolutionError"},
    NamedStatus{INFERENCE_EXP_ERROR_RUNTIME_INTROSPECTION, "RuntimeIntrospectionError"},
    NamedStatus{INFERENCE_EXP_ERROR_JETSON_TYPE_RESOLUTION, "JetsonTypeResolutionError"},

    NamedStatus{INFERENCE_EXP_ERROR_MODEL_LOADING, "ModelLoadingError"},
    NamedStatus{INFERENCE_EXP_ERROR_MODEL_PACKAGE_ALTERNATIVES_EXHAUSTED, "ModelPackageAlternativesExhaustedError"},
    NamedStatus{INFERENCE_EXP_ERROR_INSECURE_MODEL_IDENTIFIER, "InsecureModelIdentifierError"},
    NamedStatus{INFERENCE_EXP_ERROR_CORRUPTED_MODEL_PACKAGE, "CorruptedModelPackageError"},
    NamedStatus{INFERENCE_EXP_ERROR_UNTRUSTED_CHECKPOINT, "UntrustedCheckpointError"},
    NamedStatus{INFERENCE_EXP_ERROR_DIRECT_LOCAL_STORAGE_ACCESS, "DirectLocalStorageAccessError"},
    NamedStatus{INFERENCE_EXP_ERROR_FORBIDDEN_LOCAL_CODE_PACKAGE_ACCESS, "ForbiddenLocalCodePackageAccessError"},
    NamedStatus{INFERENCE_EXP_ERROR_MODEL_IMPLEMENTATION_NOT_FOUND, "ModelImplementationNotFoundError"},
    NamedStatus{INFERENCE_EXP_ERROR_MISSING_MODEL_INIT_PARAMETER, "MissingModelInitParameterError"},
    NamedStatus{INFERENCE_EXP_ERROR_INVALID_MODEL_INIT_PARAMETER, "InvalidModelInitParameterError"},
};

}  // namespace

std::span<const NamedStatus> statuses() noexcept { return kStatuses; }

inference_exp_status status_of(std::string_view error_name) noexcept {
  const auto* found = std::ranges::find(kStatuses, error_name, &NamedStatus::name);
  return found != kStatuses.end() ? found->status : INFERENCE_EXP_ERROR_OTHER;
}

}  // namespace inference_exp::c_api

const char* inference_exp_status_name(inference_exp_status status) {
  using namespace inference_exp::c_api;
  const auto* found = std::ranges::find(kStatuses, status, &NamedStatus::status);
  return found != kStatuses.end() ? found->name.data() : nullptr;
}
