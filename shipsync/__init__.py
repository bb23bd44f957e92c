"""shipsync keeps a warehouse's orders in step with ShipStation and turns them into numbers people act on."""
