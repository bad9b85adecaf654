"""The app, which contains only the stacks."""

from aws_cdk import App

from sample_app.broadcast_stack import BroadcastStack
from sample_app.catch_up_stack import CatchUpStack
from sample_app.chat_stack import ChatStack
from sample_app.commercials_stack import CommercialsStack
from sample_app.hotline_stack import HotlineStack


def build(app: App) -> App:
    """Add the stacks of the live show. Each can be deployed without the others, in any account."""
    HotlineStack(app, "LiveShowHotline", description="Calls to the live show, streamed for review")
    ChatStack(app, "LiveShowChat", description="The live show's chat, streamed for moderation")
    BroadcastStack(app, "LiveShowBroadcast", description="The live show, recorded and delivered")
    CommercialsStack(
        app, "LiveShowCommercials", description="Ad breaks, and a channel that plays between shows"
    )
    CatchUpStack(app, "LiveShowCatchUp", description="Past shows on demand")
    return app


if __name__ == "__main__":
    build(App()).synth()
