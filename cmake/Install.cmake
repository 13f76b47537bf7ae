# Installs the library with its headers under include/s4l, and what find_package(s4l) reads.
include(CMakePackageConfigHelpers)
install(TARGETS s4lcore EXPORT s4lTargets DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(folder core nn data methods)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/s4l
    FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "recipes" EXCLUDE)
endforeach()
install(EXPORT s4lTargets NAMESPACE s4l:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/s4l)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/s4lConfig.cmake.in ${PROJECT_BINARY_DIR}/s4lConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/s4l)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/s4lConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/s4lConfig.cmake ${PROJECT_BINARY_DIR}/s4lConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/s4l)
