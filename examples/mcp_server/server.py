"""An MCP server with two tools about circular orbits."""

from math import pi, sqrt

from mcp.server import MCPServer

server = MCPServer("orbits")
GRAVITY = 6.6743e-11  # m^3 kg^-1 s^-2


@server.tool()
def orbital_period(radius_m: float, mass_kg: float) -> float:
    """Seconds that one revolution takes at a distance from a body."""
    return 2 * pi * sqrt(radius_m**3 / (GRAVITY * mass_kg))


@server.tool()
def orbital_speed(radius_m: float, mass_kg: float) -> float:
    """Speed in m/s at a distance from a body."""
    return sqrt(GRAVITY * mass_kg / radius_m)


if __name__ == "__main__":
    server.run()
