# Process 1 of each sandbox: a freestanding static program of a few kilobytes that the sandbox library carries as data.
add_executable(sandbox_supervisor src/sandbox/supervisor/main.cc src/sandbox/supervisor/cgroups.cc
  src/sandbox/supervisor/confinement.cc
  src/sandbox/supervisor/files.cc src/sandbox/supervisor/memory.cc src/sandbox/supervisor/networks.cc src/sandbox/supervisor/processes.cc
  src/sandbox/supervisor/signals.cc src/sandbox/network.cc)
target_compile_options(sandbox_supervisor PRIVATE -Os -fno-exceptions -fno-rtti -fno-stack-protector -fno-pic -Wno-c99-extensions
  -fno-asynchronous-unwind-tables -fno-threadsafe-statics -ffreestanding -fno-sanitize=all -U_FORTIFY_SOURCE)
target_link_options(sandbox_supervisor PRIVATE -nostdlib -static -fno-sanitize=all -Wl,--gc-sections
  -Wl,--build-id=none -Wl,-z,noseparate-code -s)
set_target_properties(sandbox_supervisor PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/data)
set(supervisor_file ${CMAKE_BINARY_DIR}/data/sandbox_supervisor)
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/sandbox/supervisor_image.cc PROPERTIES
  COMPILE_DEFINITIONS "SORTIE_SUPERVISOR_FILE=\"${supervisor_file}\"" OBJECT_DEPENDS ${supervisor_file})
add_dependencies(sandbox sandbox_supervisor)
