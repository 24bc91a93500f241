// The entry points of the stand-in driver for streams, graphs and kernels. NOLINTBEGIN(readability-identifier-naming)
#include "support/cuda/stand_in_machine.hpp"

using inference_exp::cuda::EventHandle;
using inference_exp::cuda::FunctionHandle;
using inference_exp::cuda::GraphExecHandle;
using inference_exp::cuda::GraphHandle;
using inference_exp::cuda::ModuleHandle;
using inference_exp::cuda::StreamHandle;
using inference_exp::test::driver_call;
using inference_exp::test::HostLaunch;
using inference_exp::test::Machine;
using inference_exp::test::Needs;

extern "C" {

int cuStreamCreate(StreamHandle* stream, unsigned /*flags*/) {
  return driver_call("cuStreamCreate", Needs::context, [=](Machine& machine) { return machine.make_stream(stream); });
}

int cuStreamDestroy_v2(StreamHandle stream) {
  return driver_call("cuStreamDestroy_v2", Needs::context,
                     [=](Machine& machine) { return machine.destroy_stream(stream); });
}

int cuStreamSynchronize(StreamHandle stream) {
  return driver_call("cuStreamSynchronize", Needs::context,
                     [=](Machine& machine) { return machine.synchronize_stream(stream); });
}

int cuStreamWaitEvent(StreamHandle stream, EventHandle event, unsigned /*flags*/) {
  return driver_call("cuStreamWaitEvent", Needs::context,
                     [=](Machine& machine) { return machine.stream_wait(stream, event); });
}

int cuStreamBeginCapture_v2(StreamHandle stream, int /*mode*/) {
  return driver_call("cuStreamBeginCapture_v2", Needs::context,
                     [=](Machine& machine) { return machine.begin_capture(stream); });
}

int cuStreamEndCapture(StreamHandle stream, GraphHandle* graph) {
  return driver_call("cuStreamEndCapture", Needs::context,
                     [=](Machine& machine) { return machine.end_capture(stream, graph); });
}

int cuEventCreate(EventHandle* event, unsigned flags) {
  constexpr unsigned kDisableTiming = 2;
  return driver_call("cuEventCreate", Needs::context,
                     [=](Machine& machine) { return machine.make_event(event, (flags & kDisableTiming) == 0); });
}

int cuEventDestroy_v2(EventHandle event) {
  return driver_call("cuEventDestroy_v2", Needs::context,
                     [=](Machine& machine) { return machine.destroy_event(event); });
}

int cuEventRecord(EventHandle event, StreamHandle stream) {
  return driver_call("cuEventRecord", Needs::context,
                     [=](Machine& machine) { return machine.record_event(event, stream); });
}

int cuEventSynchronize(EventHandle event) {
  return driver_call("cuEventSynchronize", Needs::context,
                     [=](Machine& machine) { return machine.synchronize_event(event); });
}

int cuEventElapsedTime(float* milliseconds, EventHandle from, EventHandle to) {
  return driver_call("cuEventElapsedTime", Needs::context,
                     [=](Machine& machine) { return machine.elapsed_time(milliseconds, from, to); });
}

int cuGraphInstantiateWithFlags(GraphExecHandle* executable, GraphHandle graph, unsigned long long /*flags*/) {
  return driver_call("cuGraphInstantiateWithFlags", Needs::context,
                     [=](Machine& machine) { return machine.instantiate(executable, graph); });
}

int cuGraphLaunch(GraphExecHandle executable, StreamHandle stream) {
  return driver_call("cuGraphLaunch", Needs::context,
                     [=](Machine& machine) { return machine.launch_graph(executable, stream); });
}

int cuGraphExecDestroy(GraphExecHandle executable) {
  return driver_call("cuGraphExecDestroy", Needs::context,
                     [=](Machine& machine) { return machine.destroy_executable(executable); });
}

int cuGraphDestroy(GraphHandle graph) {
  return driver_call("cuGraphDestroy", Needs::context, [=](Machine& machine) { return machine.destroy_graph(graph); });
}

int cuModuleLoadData(ModuleHandle* module, const void* /*image*/) {
  return driver_call("cuModuleLoadData", Needs::context, [=](Machine& machine) { return machine.load_module(module); });
}

int cuModuleUnload(ModuleHandle module) {
  return driver_call("cuModuleUnload", Needs::context, [=](Machine& machine) { return machine.unload_module(module); });
}

int cuModuleGetFunction(FunctionHandle* function, ModuleHandle module, const char* name) {
  return driver_call("cuModuleGetFunction", Needs::context,
                     [=](Machine& machine) { return machine.find_function(function, module, name); });
}

int cuLaunchKernel(FunctionHandle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned /*shared_bytes*/, StreamHandle stream,
                   void** parameters, void** /*extra*/) {
  return driver_call("cuLaunchKernel", Needs::context, [=](Machine& machine) {
    const HostLaunch launch{
        .grid = {grid_x, grid_y, grid_z}, .block = {block_x, block_y, block_z}, .parameters = parameters};
    return machine.launch_kernel(function, launch, stream);
  });
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
