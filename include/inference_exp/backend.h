/* The plug-in interface of inference-exp: how a runtime (ONNX Runtime, TensorRT, LibTorch, ...) is made available.
 *
 * Contract
 *  - A plug-in is one shared object that exports one C symbol, `inference_exp_backend_v1`. It returns a table that
 * lives as long as the process. The host opens plug-ins with local symbol visibility and never unloads them.
 *  - Tables and request structs open with `struct_size`: whoever fills one writes sizeof of what it was compiled with,
 *    whoever reads one uses no member past that size. Members are only ever appended.
 *  - Memory is freed by its maker. Strings and shapes handed out by a session stay valid until it is closed.
 *  - No exception crosses: every function returns an error code (0 is success) and writes a message into the
 *    caller's `iexp_error`. After an error the session stays usable; the request may be set up and run again.
 *  - A session may be used from any number of threads at once; a request from one thread at a time.
 *  - Tensors have the memory layout of DLPack's DLTensor, so any DLPack library can make or read them.
 */
#ifndef INFERENCE_EXP_BACKEND_H_
#define INFERENCE_EXP_BACKEND_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INFERENCE_EXP_BACKEND_ABI_VERSION 1
#define INFERENCE_EXP_BACKEND_SYMBOL "inference_exp_backend_v1"

/* Error codes; each becomes an exception class of errors.hpp on the host's side. */
enum {
  IEXP_OK = 0,
  IEXP_ERROR_MODEL_RUNTIME = 1,      /* ModelRuntimeError */
  IEXP_ERROR_CORRUPTED_PACKAGE = 2,  /* CorruptedModelPackageError */
  IEXP_ERROR_MISSING_DEPENDENCY = 3, /* MissingDependencyError */
  IEXP_ERROR_ENVIRONMENT = 4,        /* EnvironmentConfigurationError */
  IEXP_ERROR_INVALID_PARAMETER = 5,  /* InvalidParameterError */
  IEXP_ERROR_OUT_OF_MEMORY = 6,      /* std::bad_alloc: host memory */
  IEXP_ERROR_UNTRUSTED = 7,          /* UntrustedCheckpointError */
  IEXP_ERROR_CANCELLED = 8,          /* OperationCancelledError */
  IEXP_ERROR_DEVICE_MEMORY = 9       /* OutOfDeviceMemoryError */
};

/* Written by the callee, owned by the caller. Both texts are zero-terminated; `hint` says what to do. */
typedef struct iexp_error {
  uint32_t struct_size;
  int32_t code;
  char message[1024];
  char hint[512];
} iexp_error;

/* DLPack: DLDeviceType (1 CPU, 2 CUDA, 3 CUDA host). */
typedef struct iexp_device {
  int32_t device_type;
  int32_t device_id;
} iexp_device;

/* DLPack: DLDataType. code: 0 int, 1 uint, 2 float, 4 bfloat, 6 bool. */
typedef struct iexp_dtype {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
} iexp_dtype;

/* DLPack: DLTensor. `strides` NULL means compact row-major, which is all that crosses this interface. */
typedef struct iexp_tensor {
  void* data;
  iexp_device device;
  int32_t ndim;
  iexp_dtype dtype;
  int64_t* shape;
  int64_t* strides;
  uint64_t byte_offset;
} iexp_tensor;

typedef struct iexp_key_value {
  const char* key;
  const char* value;
} iexp_key_value;

/* Called once for each pair; the strings are valid during the call. */
typedef void (*iexp_key_value_sink)(void* user, const char* key, const char* value);

typedef struct iexp_execution_provider {
  const char* name;
  const iexp_key_value* options;
  size_t option_count;
} iexp_execution_provider;

/* What to open. Unset strings are NULL, unset numbers 0. */
typedef struct iexp_open_request {
  uint32_t struct_size;
  const char* model_path; /* UTF-8 */
  const char* device;
  const iexp_execution_provider* execution_providers;
  size_t execution_provider_count;
  int32_t intra_op_threads; /* 0: the plug-in's default, physical cores */
  int32_t inter_op_threads;
  int32_t allow_spinning; /* -1: the plug-in's default, 0 no, 1 yes */

  /* What else the plug-in has to know of the network; docs/plugins.md lists the keys. A key that the plug-in has no use
   * for is IEXP_ERROR_INVALID_PARAMETER. */
  const iexp_key_value* network_options;
  size_t network_option_count;
} iexp_open_request;

/* One input or output of a network. Dynamic dimensions are -1. */
typedef struct iexp_tensor_spec {
  uint32_t struct_size;
  const char* name;
  iexp_dtype dtype;
  int32_t ndim;
  const int64_t* shape;
} iexp_tensor_spec;

/* A model file to be made for this machine from an ONNX file. Unset strings are NULL, unset numbers 0. */
typedef struct iexp_compile_request {
  uint32_t struct_size;
  const char* source_path; /* the ONNX file */
  const char* target_path; /* written whole or not at all */
  const char* device;
  const char* precision; /* "fp32", "fp16", "int8" */
  /* Images that the network takes at once; all equal, or 0, for a network of fixed batch. */
  int32_t batch_min;
  int32_t batch_opt;
  int32_t batch_max;
  int32_t input_height; /* for a network of dynamic size */
  int32_t input_width;
  uint64_t workspace_bytes;
  int32_t version_compatible;
  int32_t same_compute_capability;
  const char* timing_cache_path; /* read if it is there, replaced whole at the end */
  void* user;                    /* handed to the functions below */
  /* Called often, also from several threads at once. `steps` of the phase; 0: unknown. 0 stops the build, which then
   * ends with IEXP_ERROR_CANCELLED within two seconds. */
  int32_t (*progress)(void* user, const char* phase, int32_t step, int32_t steps);
  /* int8: fills `batch` (float32, [calibration_batch_size, 3, H, W], in host memory) and returns 1; 0: no more. */
  int32_t (*calibration_batch)(void* user, void* batch, size_t bytes);
  int32_t calibration_batch_size;
  /* Called at the end: "runtime_version", "device_name", "compute_capability", "cuda_driver" (as 1000 * major + 10 *
   * minor), "batch_min", "batch_opt", "batch_max", "input_height", "input_width". */
  iexp_key_value_sink facts;
} iexp_compile_request;

typedef struct iexp_session iexp_session;
typedef struct iexp_request iexp_request;

typedef struct iexp_backend {
  uint32_t struct_size;
  uint32_t abi_version;
  const char* name; /* "onnx" */

  /* Can it run here? Opens the runtime if that has not happened yet. On success reports pairs: "version", "path",
   * "math_library", and any number of "execution_provider" and "device". On failure the error says why and what to
   * install. */
  int32_t (*probe)(iexp_key_value_sink sink, void* user, iexp_error* error);

  int32_t (*open)(const iexp_open_request* request, iexp_session** session, iexp_error* error);
  void (*close)(iexp_session* session); /* all requests of the session must be gone */

  size_t (*input_count)(const iexp_session* session);
  size_t (*output_count)(const iexp_session* session);
  int32_t (*input_spec)(const iexp_session* session, size_t index, iexp_tensor_spec* spec, iexp_error* error);
  int32_t (*output_spec)(const iexp_session* session, size_t index, iexp_tensor_spec* spec, iexp_error* error);
  /* The model file's own key-value metadata, and "execution_provider" pairs in use prefixed "runtime.". */
  int32_t (*metadata)(const iexp_session* session, iexp_key_value_sink sink, void* user, iexp_error* error);

  /* A request is one reusable call: bind, run, read. */
  int32_t (*create_request)(iexp_session* session, iexp_request** request, iexp_error* error);
  void (*destroy_request)(iexp_request* request);
  /* The tensor's memory is borrowed until the input is set again or the request is destroyed; no copy is made on a
   * device that the session can read from. */
  int32_t (*set_input)(iexp_request* request, size_t index, const iexp_tensor* tensor, iexp_error* error);
  /* Caller-owned destination, borrowed likewise; NULL: the backend allocates (the default). */
  int32_t (*set_output)(iexp_request* request, size_t index, const iexp_tensor* tensor, iexp_error* error);
  int32_t (*run)(iexp_request* request, iexp_error* error);
  /* After run: the output in host memory, valid until the next run or destroy_request. */
  int32_t (*get_output)(iexp_request* request, size_t index, iexp_tensor* tensor, iexp_error* error);

  /* Device memory; all four NULL in a plug-in that works in host memory only. A session on a CUDA device takes inputs
   * that lie there and leaves outputs there, so that the host's own kernels work before and after the network, queued
   * on the request's stream in the device's primary context. */

  /* Where the session computes: device_type CPU when tensors of no other device are taken. */
  int32_t (*session_device)(const iexp_session* session, iexp_device* device, iexp_error* error);
  /* The CUstream that the request's work is queued on; NULL is the legacy default stream. The same for the request's
   * whole life. */
  int32_t (*request_stream)(iexp_request* request, void** stream, iexp_error* error);
  /* Like run, but returns when the work is queued. Inputs must stay untouched, and outputs are valid, on the request's
   * stream only; call get_output after `run`, get_device_output after `enqueue`. The caller waits for the stream before
   * it destroys the request or frees what it lent. */
  int32_t (*enqueue)(iexp_request* request, iexp_error* error);
  /* The output where the network left it, in device memory, for work queued on the request's stream before the next
   * run. Its shape is known at once. */
  int32_t (*get_device_output)(iexp_request* request, size_t index, iexp_tensor* tensor, iexp_error* error);

  /* Changes how one request runs, from its next run on; NULL in a plug-in without such settings. "cuda_graphs": "off"
   * keeps its runs from being recorded and replayed, "on" gives back what the session was opened with. */
  int32_t (*set_request_option)(iexp_request* request, const char* key, const char* value, iexp_error* error);

  /* Makes a model file for this machine; NULL in a plug-in that opens files only. Blocks until done. */
  int32_t (*compile)(const iexp_compile_request* request, iexp_error* error);
} iexp_backend;

/* The one exported symbol. `host_abi_version` is the host's INFERENCE_EXP_BACKEND_ABI_VERSION; a plug-in that cannot
 * serve that version returns NULL. */
typedef const iexp_backend* (*iexp_backend_entry)(uint32_t host_abi_version);

#ifdef __cplusplus
}
#endif

#endif /* INFERENCE_EXP_BACKEND_H_ */
