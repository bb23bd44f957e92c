"""Imports: order files before and after they are taken, the catalogue by which they are read, and what was before."""

import streamlit as st

from shipsync import runtime
from shipsync.procedures.edit_catalogue import missing_skus
from shipsync.procedures.import_orders import REFUSED_FILE
from shipsync.procedures.import_orders import WORKFLOW as IMPORT
from shipsync.store import order_files, quarantine, workflows
from shipsync.web import imports_words, words
from shipsync.web.answers import ask
from shipsync.web.catalogue_editor import bundles_editor, products_editor
from shipsync.web.charge_rates import rate_card
from shipsync.web.job_panel import job_panel
from shipsync.web.links import link
from shipsync.web.opening import open_page
from shipsync.web.order_file_upload import order_file_upload
from shipsync.web.roles import Role, require
from shipsync.web.stock_loads import stock_loads
from shipsync.web.tables import Column, table

FILES_SHOWN = 200
SKUS_SHOWN = 5

require(Role.VIEWER)
st.title("Imports")

new_bundle, new_product = st.query_params.get("bundle", "").strip(), st.query_params.get("product", "").strip()
ORDER_FILES, PRODUCTS, BUNDLES, STOCK, RATES = "Order files", "Products", "Bundles", "Stock and weeks", "Rates"
TAB, ASKED = "imports_tab", "imports_asked"
asked = new_bundle or new_product
# A SKU in the address opens its tab once; where a person goes from there, and what saving leaves, stays.
if asked and (st.session_state.get(ASKED) != (new_bundle, new_product) or TAB not in st.session_state):
    st.session_state[TAB] = BUNDLES if new_bundle else PRODUCTS
st.session_state[ASKED] = (new_bundle, new_product)

refused = ask(quarantine.open_entries, (REFUSED_FILE,))
if refused:
    table(
        [imports_words.refused(one) for one in refused],
        (
            Column("file", "Refused file"),
            Column("reason", "Why"),
            Column("since", "Since", "instant"),
            Column("tries", "Tries", "number"),
        ),
        key="imports_refused",
        file="refused-order-files",
        empty="",
        height="content",
    )
missing = ask(missing_skus)
for sku, orders in list(missing.orders.items())[:SKUS_SHOWN]:
    held = f"{words.count(orders, 'order')} {'is' if orders == 1 else 'are'} held"
    with st.container(horizontal=True, vertical_alignment="center"):
        at_least = held if missing.is_all else f"At least {held}"
        st.markdown(f":orange[▲] {at_least}: nobody knows the SKU **{words.plain(sku)}**.", width="content")
        # No links: one to the page itself loses what it asks for.
        for what in ("bundle", "product"):
            if st.button(f"Add the {what}", key=f"imports_add_{what}_{sku}", icon=":material/chevron_right:"):
                st.session_state.pop(ASKED)
                st.query_params.from_dict({what: sku})
                st.rerun()
if len(missing.orders) > SKUS_SHOWN:
    link("sync", f"And {len(missing.orders) - SKUS_SHOWN:,} more unknown SKUs: see the held orders")

files_tab, products_tab, bundles_tab, stock_tab, rates_tab = st.tabs(
    [ORDER_FILES, PRODUCTS, BUNDLES, STOCK, RATES], key=TAB, on_change="rerun"
)

with files_tab:
    st.subheader("Take an order file")
    order_file_upload()

    @st.fragment(run_every=1.0, key="imports_live")
    def _live() -> None:
        job_panel(IMPORT, key="imports_job", idle="No order file has been imported yet.")

    _live()

    st.subheader("Files seen")

    @st.fragment(run_every=2.0, key="imports_seen_files")
    def _seen() -> None:
        app = runtime.app()
        control = ask(workflows.control_of, IMPORT)
        st.caption(imports_words.watched(app.doors.get("order_files"), control, app.now()))
        seen = ask(order_files.files_seen, FILES_SHOWN)
        pressed = table(
            [imports_words.seen(one) for one in seen],
            (
                Column("read_at", "Read", "instant", help="Press to open the job that read it.", width=210),
                Column("file", "File"),
                Column("format", "Format"),
                Column("orders", "Orders", "number"),
                Column("became", "What became of them", width=520),
            ),
            key="imports_files",
            file="order-files",
            empty="No order file was taken yet. Hand one in above, or have the shop write into the watched folder.",
            all_rows=lambda: [imports_words.seen(one) for one in ask(order_files.files_seen)],
            opens=True,
        )
        if pressed is not None and seen[pressed].job_id is not None:
            open_page("jobs", job=str(seen[pressed].job_id))

    _seen()

with products_tab:
    products_editor(new_sku=new_product)

with bundles_tab:
    bundles_editor(new_sku=new_bundle)

with stock_tab:
    stock_loads()

with rates_tab:
    rate_card()
