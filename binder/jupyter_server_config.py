"""About 2 GB for all notebooks together: kernels that idle are stopped, and a third one replaces an idle one."""

from typing import Any

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

MOST_KERNELS = 2
"""A kernel that has run a notebook holds 390 to 780 MB of its own, and shares 390 MB of libraries with the other."""


class FewKernels(AsyncMappingKernelManager):
    """Kernels of which no more than `MOST_KERNELS` run, unless they are busy."""

    async def start_kernel(self, **options: Any) -> str:
        """Stop the kernels that have idled longest, as far as there must be room, and start another."""
        if options.get("kernel_id") not in self:
            await self.make_room()
        return await super().start_kernel(**options)

    async def make_room(self) -> None:
        """Stop the kernels that have idled longest until one more may start."""
        idle = [key for key in self.list_kernel_ids() if self.get_kernel(key).execution_state != "busy"]
        idle.sort(key=lambda key: self.get_kernel(key).last_activity)
        too_many = max(len(self.list_kernel_ids()) - MOST_KERNELS + 1, 0)
        for key in idle[:too_many]:
            await self.shutdown_kernel(key)


c = get_config()  # noqa: F821 - Jupyter provides it
c.ServerApp.kernel_manager_class = FewKernels
c.MappingKernelManager.cull_idle_timeout = 15 * 60
c.MappingKernelManager.cull_interval = 60
c.MappingKernelManager.cull_connected = True  # an open page counts as a connection, and every page here is open
c.FileContentsManager.preferred_dir = "notebooks"  # JupyterLab opens with the notebooks listed at its side
